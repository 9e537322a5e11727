"""The record of each message: who is told of what, with which template and facts, and what became of it.

It holds ids, codes, times and numbers. The words are made when they are needed, and names and addresses are asked for
at the moment of sending and kept nowhere.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.notifications.tables import Base
from shared.database import UtcTime


class Message(Base):
    __tablename__ = "message"
    __table_args__ = (
        # The promise "told once": whatever is delivered again makes no second message.
        UniqueConstraint("tenant", "event_id", "recipient", "template", name="uq_message_told_once"),
        CheckConstraint(
            "finished IS NULL OR (not_before IS NULL AND lease IS NULL)", name="final_is_at_rest"
        ),
        Index(
            "ix_message_due", "tenant", "not_before", "id", postgresql_where=text("not_before IS NOT NULL")
        ),
        Index("ix_message_open", "tenant", "expires", postgresql_where=text("finished IS NULL")),
        Index("ix_message_about", "tenant", "about", "id"),
        Index("ix_message_recipient", "tenant", "recipient", "id"),
        Index("ix_message_unread", "tenant", "recipient", postgresql_where=text("read IS NULL")),
        Index("ix_message_finished", "tenant", "finished", postgresql_where=text("finished IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    event_id: Mapped[UUID] = mapped_column(Uuid)
    event: Mapped[str] = mapped_column(String(48))
    """The type of the event that it tells of."""
    correlation: Mapped[UUID] = mapped_column(Uuid)
    traceparent: Mapped[str | None] = mapped_column(String(200))
    """Correlation and trace of that event, carried on by ours."""
    about: Mapped[UUID] = mapped_column(Uuid)
    """That event's subject: a request, a seeker, a worker."""
    recipient: Mapped[UUID] = mapped_column(Uuid)
    recipient_kind: Mapped[str] = mapped_column(String(16))
    template: Mapped[str] = mapped_column(String(48))
    template_version: Mapped[int]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What the event says, by the names that templates use: codes, times, numbers."""
    state: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str | None] = mapped_column(String(16))
    """Of the last attempt."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    """Attempts that began: how often its channel was called."""
    reason: Mapped[str | None] = mapped_column(String(48))
    """Why it waits or failed, as a code."""
    provider_reference: Mapped[str | None] = mapped_column(String(64))
    """What the provider calls it; its receipt carries that."""
    created: Mapped[datetime] = mapped_column(UtcTime)
    expires: Mapped[datetime] = mapped_column(UtcTime)
    not_before: Mapped[datetime | None] = mapped_column(UtcTime)
    """When a sender may take it (again): after quiet hours, a pause, or the lease of one that died.

    None where there is nothing to do for a sender: it is final, or its receipt is awaited.
    """
    lease: Mapped[UUID | None] = mapped_column(Uuid)
    """The claim of the sender that has it. Whatever a sender writes filters on it, so a late one changes nothing."""
    finished: Mapped[datetime | None] = mapped_column(UtcTime)
    """When it reached a final state."""
    read: Mapped[datetime | None] = mapped_column(UtcTime)
    """When its recipient opened it in the inbox."""
