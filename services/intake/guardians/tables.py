"""Guardianships over time."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime


class Guardianship(Base):
    """When it ends by age is not stored: in clear, that would be the minor's date of birth."""

    __tablename__ = "guardianship"
    __table_args__ = (
        Index(None, "tenant", "guardian"),
        Index(None, "tenant", "ward"),
        Index(
            "ix_guardianship_standing",
            "guardian",
            "ward",
            unique=True,
            postgresql_where=text("ended IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    guardian: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    ward: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    relation: Mapped[str] = mapped_column(String(24))
    """What the guardian is to the minor, of the vocabulary `guardian_relation`."""
    since: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(255))
    """Who checked the papers and wrote it down."""
    ended: Mapped[datetime | None] = mapped_column(UtcTime)
    end_reason: Mapped[str | None] = mapped_column(String(24))
