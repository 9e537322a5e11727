"""From events to drafts of messages: pure, by the table in `rules`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    event: Heard
    template: str
    recipient: UUID | None
    """None for whoever holds the case, which the database knows."""
    recipient_kind: str
    facts: Mapping[str, Any]

    @property
    def expires(self) -> datetime:
        return self.event.time + EXPIRY


def drafts_of(events: Iterable[Heard], heads: Sequence[UUID]) -> list[Draft]:
    """All messages that these events may make: one for each event, recipient and template."""
    return [
        draft
        for event in events
        for telling in TELLINGS[event.type]
        for draft in _drafts(event, telling, heads)
    ]


def _drafts(event: Heard, telling: Telling, heads: Sequence[UUID]) -> Iterator[Draft]:
    if not telling.applies(event.data):
        return
    facts = {fact: event.data[field] for fact, field in telling.facts.items()} | dict(telling.fixed)
    for recipient in _recipients(event.data, telling, heads):
        yield Draft(event, telling.template, recipient, str(telling.recipient_kind), facts)


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
