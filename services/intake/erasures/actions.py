"""Erasing a person: what every feature holds of them, then the keys (PIPL article 47)."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.erasures.tables import Erasure
from services.intake.residents import queries
from services.intake.residents.actions import destroy
from services.intake.residents.belongings import Belongings, Person
from services.intake.residents.keys import Keys
from services.intake.residents.tables import ResidentKey

UNKNOWN_KEY = "0" * 64
"""Of a record whose key was gone already."""


async def erase(
    session: AsyncSession,
    keys: Keys,
    belongings: Belongings,
    resident: UUID,
    *,
    now: datetime,
    by: Actor,
    reason: str,
) -> Sequence[UUID]:
    """Destroy all records of the person; returns them, for the caller to drop their keys after the commit.

    `reason` is of the vocabulary `erasure_reason`. Raises ResidentNotFound, ResidentErased.
    """
    records = await queries.person(session, resident)
    # In the order of their ids, as merges lock them too.
    rows = [await queries.one(session, record, for_update=True) for record in sorted(records)]
    person = Person(tuple(records), await queries.holders(session, keys, records))
    destroyed = {each.name: await each.erase(session, person, now) for each in belongings}
    for row in rows:
        wrapped = await session.scalar(select(ResidentKey.wrapped).where(ResidentKey.resident == row.id))
        await session.execute(
            insert(Erasure).values(
                resident=row.id,
                at=now,
                reason=reason,
                by_role=by.role,
                by=by.subject,
                destroyed=destroyed if row.id == person.resident else {},
                key=UNKNOWN_KEY if wrapped is None else hashlib.sha256(wrapped).hexdigest(),
            )
        )
        await destroy(session, row, now=now)
    return [row.id for row in rows]
