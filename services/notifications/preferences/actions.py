"""Changing what a person chose, and forgetting it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.preferences.rules import Preference
from services.notifications.preferences.tables import PreferenceRow
from shared.database import among


async def choose(session: AsyncSession, person: UUID, chosen: Preference, now: datetime) -> int:
    """Put these choices in place of the old ones. Gives their version."""
    values = {
        "channels": [str(channel) for channel in chosen.order],
        "language": chosen.language,
        "opt_outs": sorted(chosen.opt_outs),
        "changed": now,
    }
    statement = (
        insert(PreferenceRow)
        .values(person=person, **values)
        .on_conflict_do_update(
            index_elements=[PreferenceRow.person], set_=values | {"version": PreferenceRow.version + 1}
        )
        .returning(PreferenceRow.version)
    )
    version: int = (await session.execute(statement)).scalar_one()
    return version


async def forget(session: AsyncSession, people: Sequence[UUID]) -> None:
    await session.execute(delete(PreferenceRow).where(among(PreferenceRow.person, people)))
