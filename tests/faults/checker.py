"""The promises that hold whatever dies, each by its name, held against all that clients, tables and the log say.

`violations(history, state)` gives every breach as `promise: what`. Pure: how the state is collected is not its matter.
A new promise is a function in PROMISES.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID


@dataclass(slots=True)
class History:
    """What clients asked for, and what they were answered."""

    asked: set[str] = field(default_factory=set)
    """Idempotency keys of filings that were sent, answered or not."""
    acknowledged: dict[str, UUID] = field(default_factory=dict)
    """By key, the request that the answer named."""


class Recorded(NamedTuple):
    """A row of an outbox."""

    topic: str
    aggregate: UUID
    sequence: int
    id: UUID
    type: str
    sent: bool


class Published(NamedTuple):
    """A record of the log, in the order of its partition."""

    topic: str
    aggregate: UUID
    sequence: int
    id: UUID
    type: str


class Told(NamedTuple):
    """A row of the messages."""

    id: UUID
    event: UUID
    about: UUID
    type: str
    kind: str
    recipient: UUID
    state: str


@dataclass(slots=True)
class State:
    """What is there in the end, in all services."""

    requests: set[UUID] = field(default_factory=set)
    recorded: list[Recorded] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)
    applied: dict[tuple[str, str, UUID], int] = field(default_factory=dict)
    """By consumer, topic and aggregate: the last sequence that is done with."""
    listeners: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By topic, the consumers that read all of it."""
    cases: dict[UUID, UUID | None] = field(default_factory=dict)
    """By request, the worker who has it."""
    told: list[Told] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    """Events that wait, are tried again, or are dead, in words."""
    loads: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    """By worker: minutes that are counted, and minutes of the open cases."""


Promise = Callable[[History, State], Iterator[str]]


def acknowledged_is_stored(history: History, state: State) -> Iterator[str]:
    for key, request in history.acknowledged.items():
        if request not in state.requests:
            yield f"{request} was acknowledged for {key} and is not there"


def asked_once_is_stored_once(history: History, state: State) -> Iterator[str]:
    for request, keys in Counter(history.acknowledged.values()).items():
        if keys > 1:
            yield f"{request} answers {keys} different filings"
    unanswered = len(history.asked - history.acknowledged.keys())
    more = len(state.requests - set(history.acknowledged.values()))
    if more > unanswered:
        yield f"{more} requests that no answer named, and only {unanswered} filings without an answer"


def stored_is_published(_: History, state: State) -> Iterator[str]:
    sent = {event.id for event in state.published}
    filed = {event.aggregate for event in state.recorded if event.type == "request.filed"}
    yield from (f"{request} has no request.filed" for request in state.requests - filed)
    for event in state.recorded:
        if not event.sent or event.id not in sent:
            yield f"{event.type} {event.aggregate} #{event.sequence} is not published"


def published_was_recorded(_: History, state: State) -> Iterator[str]:
    known = {event.id for event in state.recorded}
    yield from (
        f"{event.type} {event.id} was never recorded" for event in state.published if event.id not in known
    )


def published_in_order_without_gap(_: History, state: State) -> Iterator[str]:
    streams: dict[tuple[str, UUID], dict[UUID, int]] = defaultdict(dict)
    for event in state.published:
        streams[event.topic, event.aggregate].setdefault(event.id, event.sequence)
    for (topic, aggregate), numbers in streams.items():
        found = list(numbers.values())
        if found != list(range(1, len(found) + 1)):
            yield f"{topic} {aggregate}: {found}"


def applied_to_the_last(_: History, state: State) -> Iterator[str]:
    last: dict[tuple[str, UUID], int] = {}
    for event in state.recorded:
        stream = (event.topic, event.aggregate)
        last[stream] = max(last.get(stream, 0), event.sequence)
    for (topic, aggregate), sequence in last.items():
        for consumer in state.listeners.get(topic, frozenset()):
            done = state.applied.get((consumer, topic, aggregate), 0)
            if done != sequence:
                yield f"{consumer} has applied {topic} {aggregate} up to {done} of {sequence}"


def assigned_once(_: History, state: State) -> Iterator[str]:
    assigned = Counter(event.aggregate for event in state.recorded if event.type == "worker.assigned")
    for request in state.requests:
        if state.cases.get(request) is None:
            yield f"nobody has {request}"
        if assigned[request] != 1:
            yield f"{request} was assigned {assigned[request]} times"
    yield from (f"a case of no request: {case}" for case in state.cases.keys() - state.requests)


def told_once(_: History, state: State) -> Iterator[str]:
    messages = Counter((one.event, one.kind, one.recipient) for one in state.told)
    yield from (
        f"{kind} {who} told {n} times of {event}" for (event, kind, who), n in messages.items() if n > 1
    )
    delivered = Counter((one.about, one.type, one.kind) for one in state.told if one.state == "delivered")
    for request in state.requests:
        for type, kind in _WHO_IS_TOLD:
            if delivered[request, type, kind] != 1:
                yield f"{kind} told {delivered[request, type, kind]} times of {type} {request}"
    reports = Counter(event.aggregate for event in state.recorded if event.type == "message.delivered")
    for one in state.told:
        if one.state == "delivered" and reports[one.id] != 1:
            yield f"message {one.id} is reported {reports[one.id]} times"


_WHO_IS_TOLD = (("request.filed", "resident"), ("worker.assigned", "resident"), ("worker.assigned", "worker"))


def nothing_is_held_or_dead(_: History, state: State) -> Iterator[str]:
    yield from state.held


def load_equals_open_work(_: History, state: State) -> Iterator[str]:
    for worker, (counted, open_minutes) in state.loads.items():
        if counted != open_minutes:
            yield f"{worker} counts {counted} minutes and has {open_minutes}"


PROMISES: Mapping[str, Promise] = MappingProxyType(
    {
        promise.__name__.replace("_", "-"): promise
        for promise in (
            acknowledged_is_stored,
            asked_once_is_stored_once,
            stored_is_published,
            published_was_recorded,
            published_in_order_without_gap,
            applied_to_the_last,
            assigned_once,
            told_once,
            nothing_is_held_or_dead,
            load_equals_open_work,
        )
    }
)


def violations(history: History, state: State) -> Sequence[str]:
    """Empty when every promise was kept."""
    return [f"{name}: {what}" for name, promise in PROMISES.items() for what in promise(history, state)]
