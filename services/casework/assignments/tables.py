"""Decisions of the assignment, each whole, so that it can be explained years later."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, String, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.casework.tables import Base
from shared.database import UtcTime


class AssignmentDecision(Base):
    __tablename__ = "assignment_decision"
    __table_args__ = (
        Index("ix_assignment_decision_case", "tenant", "case", "at"),
        Index(
            "ix_assignment_decision_gap",
            "tenant",
            "skill_gap",
            "at",
            postgresql_where=text("skill_gap IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    case: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    round: Mapped[int]
    """The round that it began; 0 while nobody was found for the first."""
    at: Mapped[datetime] = mapped_column(UtcTime)
    trigger: Mapped[str] = mapped_column(String(48))
    """`filed`, `returned`, `queue`, `reassigned` …"""
    worker: Mapped[UUID | None] = mapped_column(ForeignKey("worker.id"))
    waiting: Mapped[str | None] = mapped_column(String(48))
    reasons: Mapped[list[str]] = mapped_column(ARRAY(String(48)))
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """For each: worker, load (open minutes before), weekly (minutes), out (the filter, or null)."""
    category: Mapped[str | None] = mapped_column(String(6))
    grid_owner: Mapped[UUID | None] = mapped_column(Uuid)
    effort_minutes: Mapped[int]
    load_before: Mapped[int]
    load_after: Mapped[int]
    tolerance_minutes: Mapped[int]
    cap_factor: Mapped[float]
    policy: Mapped[str] = mapped_column(String(48))
    decided_by: Mapped[str] = mapped_column(String(255))
    """`policy`, or the account of the head."""
    skill_gap: Mapped[str | None] = mapped_column(String(6))
    """The category for which nobody on the staff has the skill."""
