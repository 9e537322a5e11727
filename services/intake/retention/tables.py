"""What each run of the retention job did."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime


class RetentionRun(Base):
    __tablename__ = "retention_run"
    __table_args__ = (Index(None, "tenant", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    started: Mapped[datetime] = mapped_column(UtcTime)
    finished: Mapped[datetime] = mapped_column(UtcTime)
    dry: Mapped[bool]
    """It counted, and changed nothing."""
    by: Mapped[str] = mapped_column(String(255))
    periods: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """As they were then, in months, by their names."""
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """How many things of each kind were past their period."""
