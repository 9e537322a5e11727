"""Communities' calendars, each kept in this process for a minute."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.holidays.tables import HolidayNotice
from shared.calendar import WorkCalendar
from shared.clock import Clock
from shared.database import Database

KEPT = timedelta(minutes=1)
"""For so long a process may still count by the calendar before a notice; the settling job makes that good."""

_NOTICES = """
WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', $1, true) AS tenant)
SELECT notice.year, notice.holidays, notice.workdays
FROM scope CROSS JOIN LATERAL (SELECT * FROM holiday_notice WHERE tenant = scope.tenant OFFSET 0) notice
ORDER BY notice.received, notice.notice
"""


class Calendars:
    """The working calendar of each tenant."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._held: dict[str, tuple[WorkCalendar, datetime]] = {}

    async def of(self, tenant: str) -> WorkCalendar:
        held = self._held.get(tenant)
        now = self._clock()
        if held is not None and held[1] > now:
            return held[0]
        calendar = WorkCalendar.china()
        for row in await self._database.statement(_NOTICES, tenant):
            calendar = calendar.with_notice(row["year"], row["holidays"], row["workdays"])
        self._held[tenant] = (calendar, now + KEPT)
        return calendar

    def drop(self, tenant: str) -> None:
        self._held.pop(tenant, None)


async def calendar_in(session: AsyncSession) -> WorkCalendar:
    """The calendar with every notice that the session's transaction sees."""
    calendar = WorkCalendar.china()
    rows = await session.scalars(select(HolidayNotice).order_by(HolidayNotice.received, HolidayNotice.notice))
    for row in rows:
        calendar = calendar.with_notice(row.year, row.holidays, row.workdays)
    return calendar


async def unsettled(session: AsyncSession) -> bool:
    """Whether there are notices by which not all deadlines were computed since every process knows them."""
    found = await session.scalar(select(HolidayNotice.notice).where(HolidayNotice.settled.is_(None)).limit(1))
    return found is not None
