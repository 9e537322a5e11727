"""Forgetting finished messages, and what was kept of requests for their sake."""

from datetime import datetime
from enum import Enum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import first_id, rows_changed

# In pieces, so that no statement holds many rows for long; ARRAY, so that each is found by its key.
_FORGET_MESSAGES = text("""
    DELETE FROM message WHERE id = ANY(ARRAY(
        SELECT id FROM message WHERE finished < :before ORDER BY finished LIMIT :rows FOR UPDATE SKIP LOCKED))
""")
_FORGET_REQUESTS = text("""
    DELETE FROM known_request WHERE id = ANY(ARRAY(
        SELECT id FROM known_request AS known WHERE due < :before
          AND NOT EXISTS (SELECT FROM message WHERE about = known.id) LIMIT :rows))
""")
_FORGET_HOLDERS = text("""
    DELETE FROM case_holder WHERE request = ANY(ARRAY(
        SELECT request FROM case_holder AS holder
        WHERE request < :oldest AND NOT EXISTS (SELECT FROM known_request WHERE id = holder.request)
          AND NOT EXISTS (SELECT FROM message WHERE about = holder.request) LIMIT :rows))
""")
_FORGET_DELIVERIES = text("""
    DELETE FROM webhook_event WHERE id = ANY(ARRAY(
        SELECT id FROM webhook_event AS event WHERE created < :before
          AND NOT EXISTS (SELECT FROM webhook_delivery WHERE event_id = event.id AND finished IS NULL) LIMIT :rows))
""")


class Kept(Enum):
    """What is forgotten past its time, in this order: messages first, then what only they needed."""

    MESSAGES = _FORGET_MESSAGES
    REQUESTS = _FORGET_REQUESTS
    HOLDERS = _FORGET_HOLDERS
    DELIVERIES = _FORGET_DELIVERIES


async def forget(session: AsyncSession, what: Kept, *, before: datetime, most: int) -> int:
    """Gives how many; less than `most` means that none is left."""
    # Ids begin with the time, so requests that are younger need not be looked at.
    given = {"before": before, "rows": most, "oldest": first_id(before)}
    return await rows_changed(
        session, what.value, {name: given[name] for name in what.value.compile().params}
    )
