"""Emergency contacts, encrypted with the key of the resident whose they are."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime


class EmergencyContact(Base):
    """Context `emergency_contact.<field>:<id>`."""

    __tablename__ = "emergency_contact"
    __table_args__ = (Index(None, "resident", "place", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    place: Mapped[int] = mapped_column(SmallInteger)
    """In which order they are called, from 1."""
    name: Mapped[bytes]
    phone: Mapped[bytes]
    relation: Mapped[str] = mapped_column(String(24))
    """What they are to the resident, of the vocabulary `household_relation`."""
    changed: Mapped[datetime] = mapped_column(UtcTime)
