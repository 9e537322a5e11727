"""Reminders of the day before, and closing what took place and nobody closed."""

from datetime import UTC, datetime, time, timedelta

from services.intake.activities import queries
from services.intake.activities.actions import ending
from services.intake.activities.office import Office
from services.intake.actor import Actor
from shared.calendar import SHANGHAI
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each
from shared.tenants import Tenants

REMIND_FROM = time(10, 0)
"""Shanghai: nobody is rung before, and the afternoon is left to say no."""
HOLD_AFTER = timedelta(days=1)
"""So long after the planned end those on site may still check people in by hand."""
_CLOCK = Actor("service", "clock")


def reminding(database: Database, tenants: Tenants, clock: Clock) -> Job:
    """Every quarter of an hour from ten o'clock: who has a place in an activity of tomorrow is reminded, once."""

    async def run(tenant: str) -> None:
        now = clock()
        if now.astimezone(SHANGHAI).time() < REMIND_FROM:
            return
        from_, until = tomorrow(now)
        while True:
            async with database.transaction(tenant) as session:
                row = await queries.to_remind(session, from_=from_, until=until)
                if row is None:
                    break
                await ending.remind(session, row, now=now)

    return Job("activity-reminding", timedelta(minutes=15), in_each(tenants, run))


def holding(database: Database, tenants: Tenants, office: Office, clock: Clock) -> Job:
    """Every hour: an activity that ended a day ago is closed as held, with the attendance that there is."""

    async def run(tenant: str) -> None:
        now = clock()
        while True:
            async with database.transaction(tenant) as session:
                row = await queries.to_hold(session, ended_before=now - HOLD_AFTER)
                if row is None:
                    break
                await ending.hold(session, office, row, now=now, by=_CLOCK)

    return Job("activity-holding", timedelta(hours=1), in_each(tenants, run))


def tomorrow(now: datetime) -> tuple[datetime, datetime]:
    """The whole next day in Shanghai, in UTC."""
    day = now.astimezone(SHANGHAI).date() + timedelta(days=1)
    midnight = datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
    return midnight, midnight + timedelta(days=1)


__all__ = ["holding", "reminding", "tomorrow"]
