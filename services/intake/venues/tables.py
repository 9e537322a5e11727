"""Venues, equipment by the piece, and who has them when. Exclusion constraints keep bookings from overlapping."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime

BOOKED = "state = 'booked'"


class Venue(Base):
    __tablename__ = "venue"
    __table_args__ = (Index(None, "tenant", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(48))
    capacity: Mapped[int | None]
    place: Mapped[str | None] = mapped_column(String(100))
    """Where it is, in words."""
    hours: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """`rules.packed`; empty is always open."""
    retired: Mapped[bool]
    version: Mapped[int]


class Equipment(Base):
    """So many pieces of a thing, numbered from 1."""

    __tablename__ = "equipment"
    __table_args__ = (Index(None, "tenant", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    units: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int]


class VenueBooking(Base):
    __tablename__ = "venue_booking"
    __table_args__ = (
        ExcludeConstraint(
            ("venue", "="),
            ("during", "&&"),
            name="ex_venue_booking_overlap",
            using="gist",
            where=text(BOOKED),
        ),
        Index("ix_venue_booking_activity", "activity", postgresql_where=text("activity IS NOT NULL")),
        Index(
            "ix_venue_booking_resident", "tenant", "resident", postgresql_where=text("resident IS NOT NULL")
        ),
        Index(None, "venue", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    venue: Mapped[UUID] = mapped_column(ForeignKey("venue.id"))
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    purpose: Mapped[str] = mapped_column(String(16))
    activity: Mapped[UUID | None] = mapped_column(ForeignKey("activity.id"))
    resident: Mapped[UUID | None] = mapped_column(ForeignKey("resident.id"))
    """Who answers for a residents' group."""
    state: Mapped[str] = mapped_column(String(16))
    booked: Mapped[datetime] = mapped_column(UtcTime)
    cancelled: Mapped[datetime | None] = mapped_column(UtcTime)


class EquipmentBooking(Base):
    """One piece of a thing that goes with a booking of a venue or with an activity: as many rows as pieces."""

    __tablename__ = "equipment_booking"
    __table_args__ = (
        ExcludeConstraint(
            ("equipment", "="),
            ("unit", "="),
            ("during", "&&"),
            name="ex_equipment_booking_overlap",
            using="gist",
            where=text(BOOKED),
        ),
        Index("ix_equipment_booking_activity", "activity", postgresql_where=text("activity IS NOT NULL")),
        Index("ix_equipment_booking_booking", "booking", postgresql_where=text("booking IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    equipment: Mapped[UUID] = mapped_column(ForeignKey("equipment.id"))
    unit: Mapped[int] = mapped_column(SmallInteger)
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    activity: Mapped[UUID | None] = mapped_column(ForeignKey("activity.id"))
    booking: Mapped[UUID | None] = mapped_column(ForeignKey("venue_booking.id"))
    state: Mapped[str] = mapped_column(String(16))
