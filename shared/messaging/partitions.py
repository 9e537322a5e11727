"""Upkeep of the partitions: a job calls it several times a day, and a day missed does no harm."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import DBAPIError

from shared.database import Database
from shared.messaging import statements

DAYS_AHEAD = 7
INBOX_MARGIN = 2
"""Days for which ids are kept beyond the replay window: a replay that was asked for on its last day takes time."""
REPLAYS_KEPT = timedelta(days=30)

_MAKE = "SELECT messaging_make_partitions($1, $2) AS made"
_DROP = "SELECT messaging_drop_partition($1, $2, $3) AS dropped"
_TRIM = "SELECT messaging_trim_default($1, $2, $3)"
_OLD_REPLAYS = "DELETE FROM outbox_replay WHERE finished_at < $1"
_LOCK_NOT_AVAILABLE = "55P03"
_ATTEMPTS = 5
_PAUSE_SECONDS = 0.5
"""Longer than a lock is waited for, so that those who queued behind it get through."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    made: int
    dropped: int


async def keep_partitions(database: Database, now: datetime, *, outbox_days: int) -> Upkeep:
    """Make the coming days' partitions; drop days past the replay window, save for those with unsent events.

    Each is a transaction of its own: what a long transaction is in the way of is tried a few times, and left to the next
    run; what was done before it stays. Raises a passing fault (lock not available) then.
    """
    today, inbox_days = now.date(), outbox_days + INBOX_MARGIN
    (row,) = await _patiently(database, _MAKE, today, DAYS_AHEAD)
    made, dropped = row.made, 0
    while (await _patiently(database, _DROP, today, outbox_days, inbox_days))[0].dropped is not None:
        dropped += 1
    async with database.everywhere() as session:
        await statements.fetch(session, _TRIM, today, outbox_days, inbox_days)
        await statements.execute(session, _OLD_REPLAYS, now - REPLAYS_KEPT)
    return Upkeep(made, dropped)


async def _patiently(database: Database, sql: str, *arguments: Any) -> Sequence[Any]:
    for _ in range(_ATTEMPTS - 1):
        try:
            return await _once(database, sql, *arguments)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)
    return await _once(database, sql, *arguments)


async def _once(database: Database, sql: str, *arguments: Any) -> Sequence[Any]:
    async with database.everywhere() as session:
        return await statements.fetch(session, sql, *arguments)
