"""What is kept of requests from events, so that a message can name the number and the time limit."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.notifications.tables import Base
from shared.database import UtcTime


class KnownRequest(Base):
    """A request as `request.filed` told of it; `due` follows later events."""

    __tablename__ = "known_request"
    __table_args__ = (
        Index("ix_known_request_resident", "tenant", "resident"),
        Index("ix_known_request_due", "tenant", "due"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    resident: Mapped[UUID | None] = mapped_column(Uuid)
    """None once the resident was erased."""
    reference: Mapped[str] = mapped_column(String(16))
    category: Mapped[str | None] = mapped_column(String(48))
    urgency: Mapped[str] = mapped_column(String(16))
    due: Mapped[datetime] = mapped_column(UtcTime)
    due_provisional: Mapped[bool]
    history: Mapped[bool]
    """A record of the past: nobody is told anything about it."""


class CaseHolder(Base):
    """Who holds a case, from casework's events; `sequence` is that of the last one heard."""

    __tablename__ = "case_holder"

    request: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    worker: Mapped[UUID | None] = mapped_column(Uuid)
    sequence: Mapped[int] = mapped_column(BigInteger)
