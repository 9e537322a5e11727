"""The district's notices of holidays and swapped working days (调休)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, Date, Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.casework.tables import Base
from shared.database import UtcTime


class HolidayNotice(Base):
    """The latest notice of each year."""

    __tablename__ = "holiday_notice"
    __table_args__ = (Index("uq_holiday_notice_year", "tenant", "year", unique=True),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    year: Mapped[int]
    notice: Mapped[UUID] = mapped_column(Uuid)
    holidays: Mapped[list[date]] = mapped_column(ARRAY(Date))
    workdays: Mapped[list[date]] = mapped_column(ARRAY(Date))
    received_at: Mapped[datetime] = mapped_column(UtcTime)
