"""Residents, their keys, the ways to find them, and who read what of them.

A resident's key has a table of its own: erasing destroys that one row, and a backup may leave the table out.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Identity, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import OWN_TENANT, Base
from shared.database import UtcTime


class Resident(Base):
    """Personal fields are encrypted with the resident's key, context `resident.<field>:<id>`."""

    __tablename__ = "resident"
    __table_args__ = (Index(None, "tenant", "phone_index"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[bytes | None]
    phone: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    """Keyed blind index of the normal form of the phone number."""
    email: Mapped[bytes | None]
    address: Mapped[bytes | None]
    birth_year: Mapped[bytes | None]
    gender: Mapped[str | None] = mapped_column(String(8))
    """Code; in clear, since events carry it for residents who ask for a worker of the same gender."""
    language: Mapped[str] = mapped_column(String(2))
    version: Mapped[int]
    """Counts changes, for ETag."""
    created: Mapped[datetime] = mapped_column(UtcTime)
    contact_changed: Mapped[datetime | None] = mapped_column(UtcTime)
    erased: Mapped[datetime | None] = mapped_column(UtcTime)


class ResidentKey(Base):
    """The data key, wrapped by a master key. Without this row nothing of the resident can be read."""

    __tablename__ = "resident_key"

    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    wrapped: Mapped[bytes]


class ResidentReference(Base):
    """A resident's number in another system, as a keyed blind index."""

    __tablename__ = "resident_reference"

    tenant: Mapped[str] = mapped_column(String(31), primary_key=True, server_default=OWN_TENANT)
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    ref_index: Mapped[bytes] = mapped_column(primary_key=True)
    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), index=True)


class PersonalRead(Base):
    """One read of a resident's personal data: who, what, for what purpose, when. Never changed."""

    __tablename__ = "personal_read"

    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    reader_role: Mapped[str] = mapped_column(String(16))
    reader: Mapped[str] = mapped_column(String(255))
    purpose: Mapped[str] = mapped_column(String(32))
    fields: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    request: Mapped[UUID | None]
    """The request that was read, where it was a request's text."""
    at: Mapped[datetime] = mapped_column(UtcTime)
