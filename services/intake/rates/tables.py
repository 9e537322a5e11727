"""The lines that the three rates are counted from: one for each call-back, and for each request that never came to one.

A line is written in the transaction of the move that makes it, and never changes. It holds what figures are broken down
by, so that a month is counted from one index range, without a look at the million requests beside it.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime

FLAGGED = "flags <> '{}'"
"""As the index and `queries` have it, word for word."""


class RateMark(Base):
    """`rules.Mark`."""

    __tablename__ = "rate_mark"
    __table_args__ = (
        Index(None, "tenant", "month", "kind", "entry"),
        Index("ix_rate_mark_flagged", "tenant", "month", "entry", postgresql_where=text(FLAGGED)),
    )

    request: Mapped[UUID] = mapped_column(ForeignKey("request.id"), primary_key=True)
    entry: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    """The entry of the request's story that it was made from."""
    month: Mapped[date]
    """Its first day, in Shanghai."""
    at: Mapped[datetime] = mapped_column(UtcTime)
    kind: Mapped[str] = mapped_column(String(16))
    category: Mapped[str | None] = mapped_column(String(6))
    """Of the request at that moment."""
    grid: Mapped[UUID | None]
    channel: Mapped[str] = mapped_column(String(16))
    responded: Mapped[bool | None]
    resolved: Mapped[bool | None]
    satisfied: Mapped[bool | None]
    reason: Mapped[str | None] = mapped_column(String(48))
    flags: Mapped[list[str]] = mapped_column(ARRAY(String(24)))
