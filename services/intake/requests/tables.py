"""Requests: their state, their text, their story, and who was told.

The text lies apart from the state, so that the many changes of state do not write it again and again.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.requests.rules import State
from services.intake.tables import Base
from shared.database import UtcTime

NUMBERS = "request_number"
"""The sequence of blocks of reference numbers; each value is a block of `BLOCK` numbers."""
BLOCK = 100

RESTING = (State.CLOSED, State.DUPLICATE, State.RATED, State.REJECTED, State.WITHDRAWN)
"""States in which nearly every request of the past is."""
UNFINISHED = f"state NOT IN {tuple(map(str, RESTING))}"
"""As the indexes and `queries.listing` have it, word for word: only so does PostgreSQL see that one is of the other."""
TO_CALL_BACK = "state = 'closed' AND NOT history"
"""As the index and `rates.queries` have it, word for word."""

_CODE = String(48)


class Request(Base):
    """What was filed, which never changes, then what its life changes (`rules.Life`)."""

    __tablename__ = "request"
    __table_args__ = (
        Index(None, "tenant", "reference", unique=True),
        Index(None, "tenant", "source", "external_id", unique=True),
        Index(None, "tenant", "state", "id"),
        Index(None, "tenant", "resident", "id"),
        Index(None, "tenant", "grid", "id"),
        Index(None, "tenant", "category", "id"),
        Index("ix_request_source", "tenant", "source", "id", postgresql_where=text("source IS NOT NULL")),
        Index("ix_request_worker", "tenant", "worker", "id", postgresql_where=text("worker IS NOT NULL")),
        Index(
            "ix_request_unfinished_grid", "tenant", "grid", "state", "id", postgresql_where=text(UNFINISHED)
        ),
        Index(
            "ix_request_unfinished_worker",
            "tenant",
            "worker",
            "state",
            "id",
            postgresql_where=text(f"worker IS NOT NULL AND {UNFINISHED}"),
        ),
        # What waits for its call-back, and the records of the past: counted beside the three rates.
        Index("ix_request_to_call_back", "tenant", "closed", "id", postgresql_where=text(TO_CALL_BACK)),
        Index("ix_request_history", "tenant", "filed", "id", postgresql_where=text("history")),
        # As `queries.listing` asks for what is late, word for word.
        Index(
            "ix_request_overdue",
            "tenant",
            "id",
            postgresql_where=text("(handle_overdue IS NOT NULL AND handle_open) OR step_overdue IS NOT NULL"),
        ),
        Index("ix_request_parent", "tenant", "parent", "id", postgresql_where=text("parent IS NOT NULL")),
        # As `queries.listing` asks for what is under supervision, word for word.
        Index(
            "ix_request_supervised",
            "tenant",
            "id",
            postgresql_where=text("supervised IS NOT NULL AND handle_open"),
        ),
        # What the Open311 view shows, in its order.
        Index("ix_request_public", "tenant", "filed", "id", postgresql_where=text("category IS NOT NULL")),
        Index(
            "ix_request_duplicate_of",
            "tenant",
            "duplicate_of",
            postgresql_where=text("duplicate_of IS NOT NULL"),
        ),
        Index("ix_request_handle_due", "tenant", "handle_due", postgresql_where=text("handle_open")),
        Index("ix_request_step_due", "tenant", "step_due", postgresql_where=text("step IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(15))
    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    category: Mapped[str | None] = mapped_column(String(6))
    urgency: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    grid: Mapped[UUID | None]
    place: Mapped[str | None] = mapped_column(String(24))
    """The place by which the grid was found: a name on a door plate, not an address."""
    prefers_same_gender: Mapped[bool]
    filed: Mapped[datetime] = mapped_column(UtcTime)
    submitted: Mapped[datetime | None] = mapped_column(UtcTime)
    """When it was written, where an import says so."""
    source: Mapped[str | None] = mapped_column(String(32))
    external_id: Mapped[str | None] = mapped_column(String(64))
    history: Mapped[bool]
    parent: Mapped[UUID | None] = mapped_column(ForeignKey("request.id"))
    """The request that this one is a part of."""

    version: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    handle_started: Mapped[datetime] = mapped_column(UtcTime)
    handle_due: Mapped[datetime] = mapped_column(UtcTime)
    handle_provisional: Mapped[bool]
    handle_open: Mapped[bool]
    supervised: Mapped[datetime | None] = mapped_column(UtcTime)
    supervision_reason: Mapped[str | None] = mapped_column(_CODE)
    handle_overdue: Mapped[datetime | None] = mapped_column(UtcTime)
    step: Mapped[str | None] = mapped_column(String(16))
    step_started: Mapped[datetime | None] = mapped_column(UtcTime)
    step_due: Mapped[datetime | None] = mapped_column(UtcTime)
    step_provisional: Mapped[bool | None]
    step_overdue: Mapped[datetime | None] = mapped_column(UtcTime)
    accepted: Mapped[datetime | None] = mapped_column(UtcTime)
    dispatched: Mapped[datetime | None] = mapped_column(UtcTime)
    handled: Mapped[datetime | None] = mapped_column(UtcTime)
    closed: Mapped[datetime | None] = mapped_column(UtcTime)
    worker: Mapped[UUID | None]
    returns: Mapped[int] = mapped_column(SmallInteger)
    head_decides: Mapped[bool]
    reworks: Mapped[int] = mapped_column(SmallInteger)
    reopenings: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[str | None] = mapped_column(_CODE)
    duplicate_of: Mapped[UUID | None]
    outcome: Mapped[str | None] = mapped_column(String(16))
    within_limit: Mapped[bool | None]
    working_minutes: Mapped[int | None]
    responded: Mapped[bool | None]
    resolved: Mapped[bool | None]
    satisfied: Mapped[bool | None]
    excluded: Mapped[bool | None]
    exclusion_reason: Mapped[str | None] = mapped_column(_CODE)


class RequestText(Base):
    """The words of a request, encrypted with the resident's key, context `request.<field>:<request>`."""

    __tablename__ = "request_text"

    request: Mapped[UUID] = mapped_column(ForeignKey("request.id"), primary_key=True)
    subject: Mapped[bytes]
    body: Mapped[bytes]
    address: Mapped[bytes | None]
    answers: Mapped[bytes | None]
    """To the extra questions of its category, as JSON of `questions.rules.Answered`."""
    answer: Mapped[bytes | None]
    """What the community said when it closed the request."""
    evidence: Mapped[bytes | None]
    """The words that speak for its proposed category and urgency, as JSON of `understanding.evidence.Evidence`."""


class StoryEntry(Base):
    """One thing that happened to a request. Never changed; codes, times and ids only."""

    __tablename__ = "request_story"
    __table_args__ = (
        # What makes a line of the three rates (`rates.stories.DECISIVE`): looked for at night.
        Index(
            "ix_request_story_decisive",
            "tenant",
            "request",
            "id",
            postgresql_where=text("entry IN ('rate', 'rate_joined', 'reject', 'mark_duplicate', 'withdraw')"),
        ),
    )

    request: Mapped[UUID] = mapped_column(ForeignKey("request.id"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    entry: Mapped[str] = mapped_column(String(24))
    """A move, or one of `story.Entry`."""
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    role: Mapped[str] = mapped_column(String(16))
    """The role that acted; `service` for what followed from another service's event."""
    actor: Mapped[str] = mapped_column(String(255))
    reason: Mapped[str | None] = mapped_column(_CODE)
    details: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class Telling(Base):
    """What became of a message about a request."""

    __tablename__ = "request_telling"
    __table_args__ = (Index(None, "request", "event", "recipient_kind"),)

    message: Mapped[UUID] = mapped_column(primary_key=True)
    request: Mapped[UUID] = mapped_column(ForeignKey("request.id"))
    event: Mapped[str] = mapped_column(_CODE)
    """The type of the event that the message told of."""
    recipient: Mapped[UUID]
    recipient_kind: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(_CODE)
    template: Mapped[str] = mapped_column(_CODE)
    state: Mapped[str] = mapped_column(_CODE)
    """`delivered`, or how it failed."""
    at: Mapped[datetime] = mapped_column(UtcTime)
