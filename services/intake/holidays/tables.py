"""Notices of the State Council as the district published them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, Date, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import OWN_TENANT, Base
from shared.database import UtcTime


class HolidayNotice(Base):
    """What corrects the working calendar, in the order of `received`."""

    __tablename__ = "holiday_notice"

    tenant: Mapped[str] = mapped_column(String(31), primary_key=True, server_default=OWN_TENANT)
    notice: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger)
    holidays: Mapped[list[date]] = mapped_column(ARRAY(Date))
    workdays: Mapped[list[date]] = mapped_column(ARRAY(Date))
    received: Mapped[datetime] = mapped_column(UtcTime)
    settled: Mapped[datetime | None] = mapped_column(UtcTime)
    """When the deadlines were computed again for the last time, after every process knew the notice."""
