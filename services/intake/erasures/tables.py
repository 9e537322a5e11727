"""What was destroyed. Codes, numbers and times; no word about who it was."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime


class Erasure(Base):
    """One record of a person that was erased."""

    __tablename__ = "erasure"
    __table_args__ = (Index(None, "tenant", "at", "resident"),)

    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    reason: Mapped[str] = mapped_column(String(24))
    """Of the vocabulary `erasure_reason`."""
    by_role: Mapped[str] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(String(255))
    destroyed: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """How many things of each kind, by the names of `residents.belongings`."""
    key: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the wrapped key that was destroyed, hexadecimal: by it one sees that a copy is the one that is meant."""
