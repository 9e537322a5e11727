"""The promise about read models and stories: what a service keeps from another's events is what those events say."""

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from uuid import UUID

from tests.faults.facts import History, State, Telling

REQUEST_WHILE_CASE: Mapping[str, str] = MappingProxyType(
    {"open": "dispatched", "accepted": "in_progress", "working": "in_progress", "submitted": "handled"}
)
"""The state of a request, by that of its case."""

_STORY_OF_EVENT: Mapping[str, str] = MappingProxyType(
    {
        "request.filed": "filed",
        "request.accepted": "accept",
        "worker.assigned": "dispatch",
        "case.accepted": "start",
        "case.returned": "return",
        "case.submitted": "submit",
    }
)
"""What an event adds to intake's story of the request, once."""


def read_models_say_what_events_say(_: History, state: State) -> Iterator[str]:
    yield from _requests_and_cases(state)
    yield from _stories(state)
    yield from _tellings(state)
    yield from _notifications(state)
    if state.grids.get("casework") != state.grids.get("intake"):
        yield "intake's grids are not casework's"


def _requests_and_cases(state: State) -> Iterator[str]:
    for id, request in state.requests.items():
        case = state.cases.get(id)
        if case is None:
            continue
        if REQUEST_WHILE_CASE.get(case.state) != request.state:
            yield f"{id}: the case is {case.state}, the request {request.state}"
        if case.worker != request.worker:
            yield f"{id}: the case is with {case.worker}, for the request with {request.worker}"


def _stories(state: State) -> Iterator[str]:
    events = {type: state.events(type) for type in _STORY_OF_EVENT}
    for id in state.requests:
        said = state.request_story.get(id, Counter())
        should = Counter(
            {line: events[type][id] for type, line in _STORY_OF_EVENT.items() if events[type][id]}
        )
        if said != should:
            yield f"{id}: its story has {dict(said)}, its events are {dict(should)}"
        noted = state.case_story.get(id, Counter())["request_accepted"]
        if noted != events["request.accepted"][id]:
            yield f"{id}: casework noted its acceptance {noted} times"


def _tellings(state: State) -> Iterator[str]:
    should = {
        one.id: Telling(one.about, one.type, one.kind, one.recipient, one.channel, one.state)
        for one in state.told
        if one.about in state.requests
    }
    for message in should.keys() | state.tellings.keys():
        if should.get(message) != state.tellings.get(message):
            yield f"message {message}: intake keeps {state.tellings.get(message)}, it is {should.get(message)}"


def _notifications(state: State) -> Iterator[str]:
    yield from _differences("is due", state.known, {id: row.due for id, row in state.requests.items()})
    yield from _differences("is with", state.holders, {id: case.worker for id, case in state.cases.items()})


def _differences(what: str, kept: Mapping[UUID, object], owned: Mapping[UUID, object]) -> Iterator[str]:
    for id in kept.keys() | owned.keys():
        if kept.get(id) != owned.get(id):
            yield f"{id} {what} {owned.get(id)}, and for notifications {kept.get(id)}"
