"""Who looks for work. Ids and codes only: names and telephones stay with intake."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.employment.tables import CODES, Base
from shared.database import UtcTime


class Seeker(Base):
    __tablename__ = "seeker"
    __table_args__ = (
        Index(
            "uq_seeker_active",
            "tenant",
            "resident",
            unique=True,
            postgresql_where=text("state IN ('registered', 'served')"),
        ),
        Index(
            "ix_seeker_occupations",
            "occupations",
            postgresql_using="gin",
            postgresql_where=text("state IN ('registered', 'served')"),
        ),
        Index("ix_seeker_resident", "tenant", "resident"),
        CheckConstraint("cardinality(occupations) > 0", name="wants_something"),
        CheckConstraint("(state = 'exited') = (exit_reason IS NOT NULL)", name="exit_has_a_reason"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    resident: Mapped[UUID] = mapped_column(Uuid)
    """The resident's id in intake."""
    state: Mapped[str] = mapped_column(String(16))
    occupations: Mapped[list[str]] = mapped_column(CODES)
    """Wanted ones, at least one."""
    skills: Mapped[list[str]] = mapped_column(CODES)
    certificates: Mapped[list[str]] = mapped_column(CODES)
    education: Mapped[str | None] = mapped_column(String(48))
    experience_years: Mapped[int]
    minimum_pay: Mapped[int | None]
    """Fen a month."""
    areas: Mapped[list[str]] = mapped_column(CODES)
    """Area codes that can be reached, each with all that lies in it; none means anywhere."""
    shifts: Mapped[list[str]] = mapped_column(CODES)
    """Shifts that suit; none means any."""
    available_from: Mapped[date]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    """Counts changes, for ETag and If-Match."""
    registered: Mapped[datetime] = mapped_column(UtcTime)
    changed: Mapped[datetime] = mapped_column(UtcTime)
    ended: Mapped[datetime | None] = mapped_column(UtcTime)
    """When the seeker was placed or exited."""
    exit_reason: Mapped[str | None] = mapped_column(String(48))


class ErasedResident(Base):
    """The id of a resident whose data was destroyed, so that a late registration makes no new."""

    __tablename__ = "erased_resident"

    tenant: Mapped[str] = mapped_column(
        String(31), primary_key=True, server_default=text("current_setting('longxi.tenant', true)")
    )
    resident: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    erased: Mapped[datetime] = mapped_column(UtcTime)
