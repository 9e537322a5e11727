"""Residents' rows that stand for nobody."""

from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base


class AnonymousHolder(Base):
    """A resident's row that holds the key of one request and no person."""

    __tablename__ = "anonymous_holder"

    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    complainant: Mapped[str] = mapped_column(String(16))
    """A code of `Complainant`."""
