"""The promises that hold whatever dies, each by its name, held against what clients, tables, the log and the world say.

`violations(history, state)` gives every breach as `promise: what`. Pure: how the state is collected is not its matter.
A new promise is a function in PROMISES.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from tests.faults.facts import History, State
from tests.faults.models import read_models_say_what_events_say
from tests.faults.telling import told_as_the_world_counts, told_once

Promise = Callable[[History, State], Iterator[str]]

_EVENT_OF_MOVE = {"accept": "case.accepted", "submit": "case.submitted", "return": "case.returned"}


def acknowledged_is_stored(history: History, state: State) -> Iterator[str]:
    for key, call in history.calls.items():
        for external, request in call.requests.items():
            there = state.requests.get(request)
            if there is None:
                yield f"{request} was acknowledged for {key} and is not there"
            elif external and there.external != external:
                yield f"{request} was acknowledged as {external} and is {there.external}"
    for move in ("accept", "start", "submit", "return"):
        stored = _moves_stored(state, move)
        calls = [call for call in history.calls.values() if call.what == move and call.refused is None]
        tried = Counter(UUID(call.about[0]) for call in calls)
        done = Counter(UUID(call.about[0]) for call in calls if call.answered is not None)
        for case in tried | stored:
            if not done[case] <= stored[case] <= tried[case]:
                yield f"{case}: {move} asked {tried[case]}, acknowledged {done[case]}, stored {stored[case]} times"


def _moves_stored(state: State, move: str) -> Counter[UUID]:
    if move in _EVENT_OF_MOVE:
        return state.events(_EVENT_OF_MOVE[move])
    return Counter({case: lines["started"] for case, lines in state.case_story.items() if lines["started"]})


def asked_once_is_stored_once(history: History, state: State) -> Iterator[str]:
    """An unanswered call may be stored or not: if it is, its key is stored with it, in the same transaction."""
    yield from _stored_twice(history, state)
    for key, call in history.calls.items():
        if call.answered is not None and state.answers.get(key) is None:
            yield f"{call.what} {key} was answered, and nothing is stored to answer it again"
    by_answer = {
        request
        for key in history.calls
        for request in _ids(state.answers.get(key))
        if request in state.requests
    }
    asked = {external for call in history.calls.values() if call.what == "import" for external in call.about}
    for request, row in state.requests.items():
        if request not in by_answer and row.external not in asked:
            yield f"{request} is there, and nobody asked for it"


def _stored_twice(history: History, state: State) -> Iterator[str]:
    filed = Counter(
        request
        for call in history.calls.values()
        if call.what == "file"
        for request in call.requests.values()
    )
    yield from (f"{request} answers {keys} different filings" for request, keys in filed.items() if keys > 1)
    externals = Counter(row.external for row in state.requests.values() if row.external is not None)
    yield from (f"{external} is filed {n} times" for external, n in externals.items() if n > 1)


def _ids(answer: str | None) -> Iterator[UUID]:
    """Every id in an answer, wherever it stands."""
    for word in (answer or "").replace('"', " ").split():
        if len(word) == 36 and word.count("-") == 4:
            yield UUID(word)


def the_same_key_gets_the_same_answer(history: History, state: State) -> Iterator[str]:
    for key, call in history.calls.items():
        stored = state.answers.get(key)
        if len({*call.answers, *([stored] if stored is not None and call.answers else [])}) > 1:
            yield f"{call.what} {key} was answered in {len(set(call.answers))} ways, or not as it is stored"


def no_fault_is_unhandled(history: History, _: State) -> Iterator[str]:
    for key, call in history.calls.items():
        if call.faults:
            yield f"{call.what} {key} was answered {call.faults}"
        if call.refused is not None:
            yield f"{call.what} {key} was refused: {call.refused}"


def stored_is_published(_: History, state: State) -> Iterator[str]:
    prints = {event.id: event.print for event in state.published}
    filed = state.events("request.filed")
    yield from (
        f"{request} has {filed[request]} request.filed" for request in state.requests if filed[request] != 1
    )
    for event in state.recorded:
        if not event.sent or event.id not in prints:
            yield f"{event.type} {event.aggregate} #{event.sequence} is not published"


def published_is_what_was_recorded(_: History, state: State) -> Iterator[str]:
    known = {event.id: event.print for event in state.recorded}
    for event in state.published:
        if event.id not in known:
            yield f"{event.type} {event.id} was never recorded"
        elif event.print != known[event.id]:
            yield f"{event.type} {event.id} says something else in the log"


def published_in_order_without_gap(_: History, state: State) -> Iterator[str]:
    streams: dict[tuple[str, UUID], dict[UUID, int]] = defaultdict(dict)
    for event in state.published:
        streams[event.topic, event.aggregate].setdefault(event.id, event.sequence)
    for (topic, aggregate), numbers in streams.items():
        found = list(numbers.values())
        if found != list(range(1, len(found) + 1)):
            yield f"{topic} {aggregate}: {found}"


def applied_once_to_the_last(_: History, state: State) -> Iterator[str]:
    last: dict[tuple[str, UUID], int] = {}
    for event in state.recorded:
        stream = (event.topic, event.aggregate)
        last[stream] = max(last.get(stream, 0), event.sequence)
        for consumer in state.listeners.get(event.topic, frozenset()):
            if (times := state.noted.get(consumer, Counter())[event.id]) != 1:
                yield f"{consumer} noted {event.type} {event.aggregate} #{event.sequence} {times} times"
    for (topic, aggregate), sequence in last.items():
        for consumer in state.listeners.get(topic, frozenset()):
            done = state.applied.get((consumer, topic, aggregate), 0)
            if done != sequence:
                yield f"{consumer} has applied {topic} {aggregate} up to {done} of {sequence}"


def assigned_once(_: History, state: State) -> Iterator[str]:
    """Once, and once more for each return that leaves the choice to the policy."""
    assigned, returned = state.events("worker.assigned"), state.events("case.returned")
    for request in state.requests:
        case = state.cases.get(request)
        if case is None or case.worker is None:
            yield f"nobody has {request}"
        if assigned[request] != 1 + returned[request]:
            yield f"{request} was assigned {assigned[request]} times and returned {returned[request]} times"
    yield from (f"a case of no request: {case}" for case in state.cases.keys() - state.requests.keys())


def nothing_is_held_or_dead(_: History, state: State) -> Iterator[str]:
    yield from state.held


def nothing_is_left_locked(_: History, state: State) -> Iterator[str]:
    yield from state.left


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
            the_same_key_gets_the_same_answer,
            no_fault_is_unhandled,
            stored_is_published,
            published_is_what_was_recorded,
            published_in_order_without_gap,
            applied_once_to_the_last,
            read_models_say_what_events_say,
            assigned_once,
            told_once,
            told_as_the_world_counts,
            nothing_is_held_or_dead,
            nothing_is_left_locked,
            load_equals_open_work,
        )
    }
)


def violations(history: History, state: State) -> Sequence[str]:
    """Empty when every promise was kept."""
    return [f"{name}: {what}" for name, promise in PROMISES.items() for what in promise(history, state)]
