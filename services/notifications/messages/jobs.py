"""What happens to messages by the clock: old news is given up, finished messages are forgotten in time."""

from datetime import timedelta

from sqlalchemy import text

from services.notifications.messages.actions import expire
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job
from shared.observing import get_logger
from shared.tenants import Tenants

_log = get_logger(__name__)
_ROWS = 1000

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


def expiry(database: Database, tenants: Tenants, clock: Clock) -> Job:
    async def run() -> None:
        for tenant in tenants:
            full = True
            while full:
                async with database.transaction(tenant) as session:
                    count = await expire(session, clock(), most=_ROWS)
                full = count == _ROWS
                if count:
                    _log.warning("messages expired", tenant=tenant, count=count)

    return Job("expire-messages", timedelta(minutes=1), run)


def retention(
    database: Database, tenants: Tenants, clock: Clock, *, messages: timedelta, deliveries: timedelta
) -> Job:
    async def run() -> None:
        for tenant in tenants:
            for what, statement, kept in (
                ("messages", _FORGET_MESSAGES, messages),
                ("requests", _FORGET_REQUESTS, messages),
                ("holders", _FORGET_HOLDERS, messages),
                ("deliveries", _FORGET_DELIVERIES, deliveries),
            ):
                total, full = 0, True
                while full:
                    async with database.transaction(tenant) as session:
                        done = await session.execute(statement, {"before": clock() - kept, "rows": _ROWS})
                    count = int(getattr(done, "rowcount", 0))
                    total, full = total + count, count == _ROWS
                if total:
                    _log.info("past retention, forgotten", tenant=tenant, what=what, count=total)

    return Job("forget-messages", timedelta(hours=24), run)
