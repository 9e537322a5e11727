"""From events to drafts of messages: pure, by the table in `rules`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifications.messages.rules import EXPIRY
from services.notifications.telling.rules import TELLINGS, Telling, To
from shared.contracts.base import Event
from shared.messaging.envelope import Received


@dataclass(frozen=True, slots=True)
class Heard:
    """What telling needs of an event that arrived."""

    id: UUID
    type: str
    subject: UUID
    time: datetime
    sequence: int
    correlation: UUID
    traceparent: str | None
    data: Mapping[str, Any]
    """The event's data as JSON has it."""


def heard(event: Received[Event]) -> Heard:
    envelope = event.envelope
    return Heard(
        id=envelope.id,
        type=envelope.type,
        subject=envelope.subject,
        time=envelope.time,
        sequence=envelope.sequence,
        correlation=envelope.correlation,
        traceparent=envelope.traceparent,
        data=event.data.model_dump(mode="json"),
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """The messages that an event makes by one template: one for each recipient."""

    event: Heard
    template: str
    recipients: Sequence[UUID | None]
    """None for whoever holds the case, which the database knows."""
    recipient_kind: str
    facts: str
    """JSON."""

    @property
    def expires(self) -> datetime:
        return self.event.time + EXPIRY


def drafts_of(event: Heard, heads: Sequence[UUID]) -> list[Draft]:
    """All messages that this event may make: one for each recipient and template."""
    return [_draft(event, telling, heads) for telling in TELLINGS[event.type] if telling.applies(event.data)]


def _draft(event: Heard, telling: Telling, heads: Sequence[UUID]) -> Draft:
    facts = {fact: event.data[field] for fact, field in telling.facts.items()} | dict(telling.fixed)
    recipients = _recipients(event.data, telling, heads)
    said = json.dumps(facts, ensure_ascii=False)
    return Draft(event, telling.template, recipients, str(telling.recipient_kind), said)


def _recipients(data: Mapping[str, Any], telling: Telling, heads: Sequence[UUID]) -> Sequence[UUID | None]:
    match telling.to:
        case To.CONTACTS:
            return [UUID(str(contact)) for contact in data[telling.to]]
        case To.RESIDENT | To.CONTACT | To.WORKER | To.PREVIOUS:
            return (UUID(str(data[telling.to])),)
        case To.HOLDER:
            return (None,)
        case To.HEADS:
            return heads
