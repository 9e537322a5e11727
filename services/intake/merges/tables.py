"""Who was found to be who, and when that was taken back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime


class ResidentMerge(Base):
    """A merge moves nothing: it sets `resident.merged_into`, and every view of a person follows it."""

    __tablename__ = "resident_merge"
    __table_args__ = (
        Index(None, "tenant", "kept"),
        Index("ix_resident_merge_standing", "merged", unique=True, postgresql_where=text("undone IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kept: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    merged: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    at: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(255))
    undo_until: Mapped[datetime] = mapped_column(UtcTime)
    undone: Mapped[datetime | None] = mapped_column(UtcTime)
    undone_by: Mapped[str | None] = mapped_column(String(255))
