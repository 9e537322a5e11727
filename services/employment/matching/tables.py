"""What fits whom, with the findings that say why. A match is never changed but for having been told: a new
assessment is a new row, and the old one is kept as superseded.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.employment.tables import CODES, Base
from shared.database import UtcTime


class Match(Base):
    __tablename__ = "match"
    __table_args__ = (
        # At most one current match a pair; the promise that a pair is assessed once, whoever does it.
        Index(
            "uq_match_current",
            "seeker",
            "vacancy",
            unique=True,
            postgresql_where=text("superseded IS NULL"),
        ),
        Index(
            "ix_match_best_of_vacancy",
            "vacancy",
            "score",
            "id",
            postgresql_where=text("superseded IS NULL"),
        ),
        Index("ix_match_told", "vacancy", "seeker", postgresql_where=text("told IS NOT NULL")),
        Index("ix_match_seeker", "seeker", "id"),
        CheckConstraint("(superseded IS NULL) = (superseded_by IS NULL)", name="superseded_for_a_reason"),
        CheckConstraint("told IS NULL OR fit = 'fits'", name="only_what_fits_is_told"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    seeker: Mapped[UUID] = mapped_column(ForeignKey("seeker.id", ondelete="CASCADE"))
    vacancy: Mapped[UUID] = mapped_column(ForeignKey("vacancy.id"))
    fit: Mapped[str] = mapped_column(String(8))
    """`fits` or `near`."""
    score: Mapped[float]
    """0 to 1, four digits."""
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """One for each criterion, as `rules.Finding` in JSON."""
    missing_required: Mapped[list[str]] = mapped_column(CODES)
    missing_wished: Mapped[list[str]] = mapped_column(CODES)
    training: Mapped[list[str]] = mapped_column(CODES)
    policy: Mapped[str] = mapped_column(String(48))
    seeker_version: Mapped[int]
    """Of the registration that was looked at; with the policy it says whether to look again."""
    assessed: Mapped[datetime] = mapped_column(UtcTime)
    told: Mapped[datetime | None] = mapped_column(UtcTime)
    """When job.matched was recorded for it."""
    superseded: Mapped[datetime | None] = mapped_column(UtcTime)
    superseded_by: Mapped[str | None] = mapped_column(String(16))
    """`assessment` (a newer one), `seeker` or `vacancy` (which is gone)."""
