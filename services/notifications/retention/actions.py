"""Forgetting finished messages, and what was kept of requests for their sake."""

from datetime import datetime
from enum import Enum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# In pieces, so that no statement holds many rows for long.
_FORGET_MESSAGES = text("""
    DELETE FROM message WHERE id IN (
        SELECT id FROM message WHERE finished < :before ORDER BY finished LIMIT :rows FOR UPDATE SKIP LOCKED)
""")
_FORGET_REQUESTS = text("""
    DELETE FROM known_request WHERE id IN (
        SELECT id FROM known_request AS known WHERE due < :before
          AND NOT EXISTS (SELECT FROM message WHERE about = known.id) LIMIT :rows)
""")
_FORGET_HOLDERS = text("""
    DELETE FROM case_holder WHERE request IN (
        SELECT request FROM case_holder AS holder
        WHERE NOT EXISTS (SELECT FROM known_request WHERE id = holder.request)
          AND NOT EXISTS (SELECT FROM message WHERE about = holder.request) LIMIT :rows)
""")
_FORGET_DELIVERIES = text("""
    DELETE FROM webhook_event WHERE id IN (
        SELECT id FROM webhook_event AS event WHERE created < :before
          AND NOT EXISTS (SELECT FROM webhook_delivery WHERE event_id = event.id AND finished IS NULL) LIMIT :rows)
""")


class Kept(Enum):
    """What is forgotten past its time, in this order: messages first, then what only they needed."""

    MESSAGES = _FORGET_MESSAGES
    REQUESTS = _FORGET_REQUESTS
    HOLDERS = _FORGET_HOLDERS
    DELIVERIES = _FORGET_DELIVERIES


async def forget(session: AsyncSession, what: Kept, *, before: datetime, most: int) -> int:
    """Gives how many; less than `most` means that none is left."""
    done = await session.execute(what.value, {"before": before, "rows": most})
    return int(getattr(done, "rowcount", 0))
