"""A person's attachments, as they are listed in an export, and as they go."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.attachments import actions, queries
from services.intake.residents.belongings import Belonging, Item, Person


async def _export(session: AsyncSession, person: Person) -> Sequence[Item]:
    """What there is; the contents are downloaded by their ids."""
    rows = await queries.of_residents(session, person.residents)
    return [
        {
            "id": row.id,
            "request": row.request,
            "activity": row.activity,
            "media_type": row.media_type,
            "size": row.size,
            "name": person.holder(row.resident).open_any("attachment", row.id, "name", row.name),
            "added": row.added,
        }
        for row in rows
    ]


async def _erase(session: AsyncSession, person: Person, now: datetime) -> int:
    """The keys' destruction makes them unreadable; their files go out of the store within the hour."""
    return await actions.mark_removed(session, person.residents, now=now)


BELONGING = Belonging("attachments", "附件", "Attachments", export=_export, erase=_erase)
