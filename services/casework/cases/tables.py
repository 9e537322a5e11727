"""Cases, their stories, and offers to transfer them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.casework.tables import Base
from shared.database import UtcTime


class Case(Base):
    __tablename__ = "case"
    __table_args__ = (
        CheckConstraint("effort_minutes > 0", name="takes_effort"),
        CheckConstraint("(worker IS NULL) OR (waiting IS NULL)", name="with_someone_or_waiting"),
        Index("ix_case_worker", "tenant", "worker", "state", "due"),
        Index("ix_case_due", "tenant", "due", "id"),
        # `queries.page` says "not closed" in these words where it can: open work is little, the past is much.
        Index("ix_case_unfinished", "tenant", "due", "id", postgresql_where=text("state <> 'closed'")),
        Index("ix_case_resident", "tenant", "resident"),
        Index("ix_case_queue", "tenant", "filed_at", "id", postgresql_where=text("waiting IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    """The id of the request."""
    resident: Mapped[UUID] = mapped_column(Uuid)
    reference: Mapped[str] = mapped_column(String(16))
    category: Mapped[str | None] = mapped_column(String(6))
    urgency: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    grid: Mapped[UUID | None] = mapped_column(Uuid)
    """As intake resolved it. No foreign key: a grid may be known there before it is here, after a restore."""
    wish: Mapped[str | None] = mapped_column(String(48))
    """The gender of worker that the resident asked for; emptied when the resident is erased."""
    filed_at: Mapped[datetime] = mapped_column(UtcTime)
    due: Mapped[datetime] = mapped_column(UtcTime)
    due_provisional: Mapped[bool]
    state: Mapped[str] = mapped_column(String(16))
    worker: Mapped[UUID | None] = mapped_column(ForeignKey("worker.id"))
    waiting: Mapped[str | None] = mapped_column(String(48))
    """Why nobody has it."""
    round: Mapped[int] = mapped_column(server_default=text("0"))
    """How often it was assigned."""
    returns: Mapped[int] = mapped_column(server_default=text("0"))
    effort_minutes: Mapped[int]
    """Estimated; what counts as load."""
    spent_minutes: Mapped[int | None]
    """As the worker gave it when submitting."""
    result: Mapped[str | None] = mapped_column(String(48))
    ending: Mapped[str | None] = mapped_column(String(16))
    assigned_at: Mapped[datetime | None] = mapped_column(UtcTime)
    signed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    version: Mapped[int] = mapped_column(server_default=text("1"))


class CaseEntry(Base):
    """One line of a case's story. `detail` holds codes, ids, times and numbers."""

    __tablename__ = "case_entry"
    __table_args__ = (Index("ix_case_entry_case", "tenant", "case", "number"),)

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    at: Mapped[datetime] = mapped_column(UtcTime)
    what: Mapped[str] = mapped_column(String(48))
    state: Mapped[str] = mapped_column(String(16))
    """After it."""
    worker: Mapped[UUID | None] = mapped_column(Uuid)
    """Who had the case after it."""
    actor: Mapped[str] = mapped_column(String(255))
    """The account that did it; `system` for the policy, `intake` for what followed an event."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)


class CaseTransfer(Base):
    __tablename__ = "case_transfer"
    __table_args__ = (
        Index(
            "uq_case_transfer_one_offer",
            "tenant",
            "case",
            unique=True,
            postgresql_where=text("state = 'offered'"),
        ),
        Index("ix_case_transfer_offered_to", "tenant", "offered_to", "state"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    case: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    offered_by: Mapped[UUID] = mapped_column(ForeignKey("worker.id"))
    offered_to: Mapped[UUID] = mapped_column(ForeignKey("worker.id"))
    reason: Mapped[str] = mapped_column(String(48))
    state: Mapped[str] = mapped_column(String(16))
    offered_at: Mapped[datetime] = mapped_column(UtcTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
