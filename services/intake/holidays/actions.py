"""Keeping the district's notices."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.holidays.tables import HolidayNotice
from shared.contracts.district import HolidayChanged
from shared.database import scope_of


async def keep(session: AsyncSession, notice: HolidayChanged, *, received: datetime) -> None:
    """Store a notice, or put a corrected one in the place of the first."""
    values = {
        "tenant": scope_of(session),
        "notice": notice.notice,
        "year": notice.year,
        "holidays": list(notice.holidays),
        "workdays": list(notice.workdays),
        "received": received,
        "settled": None,
    }
    statement = insert(HolidayNotice).values(values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant", "notice"],
            set_={name: statement.excluded[name] for name in values if name not in {"tenant", "notice"}},
        )
    )


async def settle(session: AsyncSession, *, received_before: datetime, now: datetime) -> None:
    await session.execute(
        update(HolidayNotice)
        .where(HolidayNotice.settled.is_(None), HolidayNotice.received < received_before)
        .values(settled=now)
    )
