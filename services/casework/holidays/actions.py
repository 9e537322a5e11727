"""Keeping the district's notices."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.holidays.tables import HolidayNotice
from shared.calendar import WorkCalendar
from shared.contracts.district import HolidayChanged
from shared.database import new_id


async def keep(session: AsyncSession, notice: HolidayChanged, now: datetime) -> None:
    """The latest notice of a year stands. Raises ContradictoryNotice for one that cannot be followed."""
    WorkCalendar.china().with_notice(notice.year, notice.holidays, notice.workdays)
    content = {
        "notice": notice.notice,
        "holidays": list(notice.holidays),
        "workdays": list(notice.workdays),
        "received_at": now,
    }
    statement = insert(HolidayNotice).values(id=new_id(), year=notice.year, **content)
    await session.execute(statement.on_conflict_do_update(index_elements=["tenant", "year"], set_=content))
