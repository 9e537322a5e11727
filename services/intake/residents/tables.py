"""Residents, their keys, the ways to find them, and who read what of them.

What makes a person readable or findable lies apart from the rest: the key and the blind indexes have tables of their own.
Erasing deletes those rows, and no backup of the database holds them (docs/decisions/erasure-reaches-backups.md).
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Identity, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import OWN_TENANT, Base
from shared.database import UtcTime


class Resident(Base):
    """Personal fields are encrypted with the resident's key, context `resident.<field>:<id>`."""

    __tablename__ = "resident"
    __table_args__ = (
        Index(None, "tenant", "phone_index"),
        Index(
            "ix_resident_merged_into",
            "tenant",
            "merged_into",
            postgresql_where=text("merged_into IS NOT NULL"),
        ),
        # Looked for every hour, for what they may have left.
        Index("ix_resident_erased", "tenant", "id", postgresql_where=text("erased IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[bytes | None]
    phone: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    """Until the next release: where the release before wrote what is in `resident_index` now."""
    email: Mapped[bytes | None]
    address: Mapped[bytes | None]
    birth_year: Mapped[bytes | None]
    birth_date: Mapped[bytes | None]
    """ISO 8601; where it is known the year is too."""
    id_number: Mapped[bytes | None]
    """Resident identity number (GB 11643-1999), 18 characters."""
    gender: Mapped[str | None] = mapped_column(String(8))
    """Code; in clear, since events carry it for residents who ask for a worker of the same gender."""
    language: Mapped[str] = mapped_column(String(2))
    version: Mapped[int]
    """Counts changes, for ETag."""
    created: Mapped[datetime] = mapped_column(UtcTime)
    contact_changed: Mapped[datetime | None] = mapped_column(UtcTime)
    erased: Mapped[datetime | None] = mapped_column(UtcTime)
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("resident.id"))
    """The record of the same person that is kept; it is merged into no other (`merges`)."""


class ResidentIndex(Base):
    """A keyed blind index of a field's normal form, by which the resident is found.

    Whoever had both this and the index key could try all telephone numbers; so it goes with the resident's key.
    """

    __tablename__ = "resident_index"
    __table_args__ = (
        Index(None, "tenant", "kind", "value"),
        Index(
            "ix_resident_index_one_number",
            "tenant",
            "value",
            unique=True,
            postgresql_where=text("kind = 'id_number'"),
        ),
    )

    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    """`phone`, which a family may share, or `id_number`, which is one person's."""
    value: Mapped[bytes]


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
    # For the retention job: rows come in the order of time, so the smallest kind of index will do.
    __table_args__ = (Index(None, "at", postgresql_using="brin"),)

    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    reader_role: Mapped[str] = mapped_column(String(16))
    reader: Mapped[str] = mapped_column(String(255))
    purpose: Mapped[str] = mapped_column(String(32))
    fields: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    request: Mapped[UUID | None]
    """The request that was read, where it was a request's text."""
    at: Mapped[datetime] = mapped_column(UtcTime)
