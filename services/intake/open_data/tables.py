"""What was released to everybody: made anew as a whole, with nothing in it that leads back to a request."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import OWN_TENANT, Base
from shared.database import UtcTime


class OpenRequest(Base):
    """One request, as coarse as it has to be so that others look like it (`rules.Publishing.least`)."""

    __tablename__ = "open_request"
    __table_args__ = (Index(None, "tenant", "period", "row"),)

    tenant: Mapped[str] = mapped_column(String(31), primary_key=True, server_default=OWN_TENANT)
    row: Mapped[str] = mapped_column(String(16), primary_key=True)
    """The same in every release, and of no use to find the request by."""
    period: Mapped[date] = mapped_column(Date)
    """The day on which it was filed, or the first of the month."""
    precision: Mapped[str] = mapped_column(String(8))
    category: Mapped[str | None] = mapped_column(String(6))
    place: Mapped[str | None] = mapped_column(String(24))
    grid: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(String(8))
    urgency: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str | None] = mapped_column(String(16))
    within_limit: Mapped[bool | None]
    days: Mapped[int | None]
    """From filing to closing."""


class OpenRelease(Base):
    """When a community's list was made last, and of how many requests."""

    __tablename__ = "open_release"

    tenant: Mapped[str] = mapped_column(String(31), primary_key=True, server_default=OWN_TENANT)
    released: Mapped[datetime] = mapped_column(UtcTime)
    shown: Mapped[int]
    left_out: Mapped[int]
    """Withheld, without a category, or too rare even by month."""
