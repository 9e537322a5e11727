"""Upkeep of the partitions: a job calls it once a day, and a day missed does no harm."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.database import Database
from shared.messaging import statements

DAYS_AHEAD = 7
INBOX_MARGIN = 2
"""Days for which ids are kept beyond the replay window: a replay that was asked for on its last day takes time."""
REPLAYS_KEPT = timedelta(days=30)

_PARTITIONS = "SELECT made, dropped FROM messaging_partitions($1, $2, $3, $4)"
# Whole partitions are dropped; this is for the rows of days that had none of their own.
_OLD_OUTBOX = "DELETE FROM outbox WHERE recorded_at < $1 AND sent_at IS NOT NULL"
_OLD_INBOX = "DELETE FROM inbox WHERE day < $1"
_OLD_REPLAYS = "DELETE FROM outbox_replay WHERE finished_at < $1"


@dataclass(frozen=True, slots=True)
class Upkeep:
    made: int
    dropped: int


async def keep_partitions(database: Database, now: datetime, *, outbox_days: int) -> Upkeep:
    """Make the coming days' partitions; drop days past the replay window, save for those with unsent events.

    Raises a passing fault (lock not available) where a long transaction is in the way.
    """
    today = now.date()
    async with database.everywhere() as session:
        (row,) = await statements.fetch(
            session, _PARTITIONS, today, DAYS_AHEAD, outbox_days, outbox_days + INBOX_MARGIN
        )
    async with database.everywhere() as session:
        await statements.execute(session, _OLD_OUTBOX, _midnight(today - timedelta(days=outbox_days), now))
        await statements.execute(session, _OLD_INBOX, today - timedelta(days=outbox_days + INBOX_MARGIN))
        await statements.execute(session, _OLD_REPLAYS, now - REPLAYS_KEPT)
    return Upkeep(row.made, row.dropped)


def _midnight(day: date, like: datetime) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=like.tzinfo)
