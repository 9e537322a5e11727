"""The calendar as the notices have corrected it."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.holidays.tables import HolidayNotice
from shared.calendar import WorkCalendar


async def calendar(session: AsyncSession) -> WorkCalendar:
    """The published calendar with the district's notices over it, by year."""
    found = WorkCalendar.china()
    for notice in await session.scalars(select(HolidayNotice).order_by(HolidayNotice.year)):
        found = found.with_notice(notice.year, notice.holidays, notice.workdays)
    return found
