"""Opening a message in the inbox."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.refusals import NotFound

_READ = text("""
    UPDATE message SET read = coalesce(read, :now) WHERE id = :id AND recipient = :person RETURNING read
""")


class MessageNotFound(NotFound):
    type = "message-not-found"
    zh = "没有找到这条消息。"
    en = "There is no such message in your inbox."


async def mark_read(session: AsyncSession, person: UUID, id: UUID, now: datetime) -> datetime:
    """When it was first opened. Raises MessageNotFound, for somebody else's message too."""
    read: datetime | None = (
        await session.execute(_READ, {"id": id, "person": person, "now": now})
    ).scalar_one_or_none()
    if read is None:
        raise MessageNotFound
    return read
