"""Households, their members over time, and the numbers of the household register."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime


class Household(Base):
    """The address is encrypted with the key of one of its members (`address_of`), context `household.address:<id>`."""

    __tablename__ = "household"
    __table_args__ = (Index(None, "tenant", "grid", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    address: Mapped[bytes | None]
    address_of: Mapped[UUID | None] = mapped_column(ForeignKey("resident.id"))
    grid: Mapped[UUID | None]
    """The grid that the address lies in."""
    place: Mapped[str | None] = mapped_column(String(24))
    """The place by which the grid was found: a name on a door plate, not an address."""
    version: Mapped[int]
    created: Mapped[datetime] = mapped_column(UtcTime)
    ended: Mapped[datetime | None] = mapped_column(UtcTime)
    """When its last member left."""


class HouseholdNumber(Base):
    """The number in the household register (户号), as a keyed blind index. It goes as the residents' indexes do."""

    __tablename__ = "household_number"
    __table_args__ = (Index(None, "tenant", "value", unique=True),)

    household: Mapped[UUID] = mapped_column(ForeignKey("household.id"), primary_key=True)
    value: Mapped[bytes]


class HouseholdMember(Base):
    """One resident's time in one household."""

    __tablename__ = "household_member"
    __table_args__ = (
        Index(None, "tenant", "household"),
        Index(None, "tenant", "resident"),
        # In one household at a time, and one head of each.
        Index(
            "ix_household_member_one_household",
            "resident",
            unique=True,
            postgresql_where=text("ended IS NULL"),
        ),
        Index(
            "ix_household_member_one_head",
            "household",
            unique=True,
            postgresql_where=text("ended IS NULL AND relation = 'head'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household: Mapped[UUID] = mapped_column(ForeignKey("household.id"))
    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    relation: Mapped[str] = mapped_column(String(24))
    """To the head of the household, of the vocabulary `household_relation`; the head is `head`."""
    joined: Mapped[datetime] = mapped_column(UtcTime)
    ended: Mapped[datetime | None] = mapped_column(UtcTime)
