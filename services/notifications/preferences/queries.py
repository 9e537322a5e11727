"""Reading what people chose."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.messages.rules import Channel
from services.notifications.preferences.rules import Group, Preference
from services.notifications.preferences.tables import PreferenceRow


async def preference(session: AsyncSession, person: UUID) -> Preference:
    """The defaults for whoever never chose."""
    return (await versioned(session, person))[0]


async def versioned(session: AsyncSession, person: UUID) -> tuple[Preference, int]:
    """What a person chose, and how often they changed it; version 0 are the defaults."""
    row = await session.scalar(select(PreferenceRow).where(PreferenceRow.person == person))
    if row is None:
        return Preference(), 0
    chosen = Preference(
        tuple(Channel(channel) for channel in row.channels),
        row.language,
        frozenset(Group(group) for group in row.opt_outs),
    )
    return chosen, row.version
