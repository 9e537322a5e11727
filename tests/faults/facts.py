"""What the checker compares: what clients asked and were answered, and what is there in the end, in plain words."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID


def canonical(answer: Any) -> str | None:
    """A decoded answer as text that can be compared; None for none."""
    return None if answer is None else json.dumps(answer, sort_keys=True, ensure_ascii=False)


@dataclass(slots=True)
class Asked:
    """A call with its Idempotency-Key. Times are seconds since 1970."""

    what: str
    """`file`, `import`, or a move of a case: `accept`, `start`, `submit`, `return`."""
    about: tuple[str, ...]
    """The external ids that were imported, or the case that was moved."""
    asked: float
    answered: float | None = None
    answers: list[str] = field(default_factory=list)
    """As they came: the first, then those to repetitions."""
    requests: Mapping[str, UUID] = field(default_factory=dict)
    """What the first answer says is filed: by external id, or by "" where there is one."""
    faults: list[int] = field(default_factory=list)
    """Statuses from 500 on that say more than "later" (503)."""
    refused: str | None = None
    """The problem type of an answer that said no for good."""


@dataclass(slots=True)
class History:
    """What clients asked for, by Idempotency-Key, and what they were answered."""

    calls: dict[str, Asked] = field(default_factory=dict)

    def acknowledged(self) -> dict[UUID, str]:
        """By request that an answer named, the key of the call."""
        return {request: key for key, call in self.calls.items() for request in call.requests.values()}


class Recorded(NamedTuple):
    """A row of an outbox."""

    topic: str
    aggregate: UUID
    sequence: int
    id: UUID
    type: str
    sent: bool
    print: bytes = b""
    """Of all that the log has to say of it."""
    data: Mapping[str, Any] = {}


class Published(NamedTuple):
    """A record of the log, in the order of its partition."""

    topic: str
    aggregate: UUID
    sequence: int
    id: UUID
    type: str
    print: bytes = b""


class Told(NamedTuple):
    """A row of the messages."""

    id: UUID
    event: UUID
    about: UUID
    type: str
    kind: str
    recipient: UUID
    state: str
    channel: str = "inapp"
    attempts: int = 1


class Telling(NamedTuple):
    """What intake keeps of a message about a request."""

    request: UUID
    type: str
    kind: str
    recipient: UUID
    channel: str
    state: str


class Taken(NamedTuple):
    """A message that the outside world took: `channel` is mail or sms; `at` in seconds since 1970."""

    message: UUID
    channel: str
    at: float


class Interruption(NamedTuple):
    """A time at which a channel could lose an answer, or the record of it."""

    channel: str
    start: float
    end: float


class Request(NamedTuple):
    state: str
    worker: UUID | None
    external: str | None = None
    due: Any = None


class Case(NamedTuple):
    state: str
    worker: UUID | None


class Grid(NamedTuple):
    code: str
    places: frozenset[str]
    catch_all: bool


@dataclass(slots=True)
class State:
    """What is there in the end, in all services."""

    requests: dict[UUID, Request] = field(default_factory=dict)
    answers: dict[str, str | None] = field(default_factory=dict)
    """By Idempotency-Key, what is stored to be answered again; None for a call that never ended."""
    recorded: list[Recorded] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)
    applied: dict[tuple[str, str, UUID], int] = field(default_factory=dict)
    """By consumer, topic and aggregate: the last sequence that is done with."""
    noted: dict[str, Counter[UUID]] = field(default_factory=dict)
    """By consumer, how often each event is noted as taken."""
    listeners: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By topic, the consumers that read all of it."""
    cases: dict[UUID, Case] = field(default_factory=dict)
    request_story: dict[UUID, Counter[str]] = field(default_factory=dict)
    """By request, how often each thing stands in intake's story."""
    case_story: dict[UUID, Counter[str]] = field(default_factory=dict)
    tellings: dict[UUID, Telling] = field(default_factory=dict)
    """By message, in intake."""
    known: dict[UUID, Any] = field(default_factory=dict)
    """By request, when it is due, in notifications."""
    holders: dict[UUID, UUID | None] = field(default_factory=dict)
    """By request, who has its case, in notifications."""
    grids: dict[str, dict[UUID, Grid]] = field(default_factory=dict)
    """By service: casework's own, and intake's read model of them."""
    told: list[Told] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    interruptions: Sequence[Interruption] = ()
    held: list[str] = field(default_factory=list)
    """Events that wait, are tried again, or are dead, in words."""
    left: list[str] = field(default_factory=list)
    """Leases, locks and transactions that nobody came back for, in words."""
    loads: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    """By worker: minutes that are counted, and minutes of the open cases."""

    def events(self, type: str) -> Counter[UUID]:
        """How often each aggregate has an event of the type."""
        return Counter(event.aggregate for event in self.recorded if event.type == type)
