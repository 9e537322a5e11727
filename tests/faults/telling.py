"""The promises about telling: each person once of each event, as our tables say and as the world counts."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from uuid import UUID

from tests.faults.facts import History, Interruption, State, Taken

WHO_IS_TOLD: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "request.filed": ("resident",),
        "worker.assigned": ("resident", "worker"),
        "case.accepted": ("resident",),
        "case.returned": ("resident",),
        "case.submitted": ("resident",),
        "worker.overloaded": ("worker",),
    }
)
"""Of what happens here: by event, the fields of those who are told of it. Of anything else nobody is."""

_RECORD_SECONDS = 65.0
"""How long after it was taken a message's record may be lost: its lease, and a moment."""


def told_once(_: History, state: State) -> Iterator[str]:
    due = Counter(
        (event.id, kind, UUID(event.data[kind]))
        for event in state.recorded
        for kind in WHO_IS_TOLD.get(event.type, ())
    )
    told = Counter((one.event, one.kind, one.recipient) for one in state.told)
    for event, kind, person in due | told:
        if due[event, kind, person] != told[event, kind, person]:
            yield f"{kind} {person} has {told[event, kind, person]} messages of {event}, not {due[event, kind, person]}"
    delivered, failed = state.events("message.delivered"), state.events("message.failed")
    for one in state.told:
        if one.state != "delivered":
            yield f"{one.kind} was not told of {one.type} {one.about}: {one.state}"
        if delivered[one.id] + failed[one.id] != 1:
            yield f"message {one.id} is reported {delivered[one.id] + failed[one.id]} times"


def told_as_the_world_counts(_: History, state: State) -> Iterator[str]:
    """A message that went out twice has lost an answer, or its record, between the two (docs/invariants/told-once.md)."""
    taken: dict[UUID, list[Taken]] = defaultdict(list)
    for copy in state.taken:
        taken[copy.message].append(copy)
    sent = {one.id: one for one in state.told if one.channel in {"mail", "sms"}}
    yield from (f"{message} was sent and is no message of ours" for message in taken.keys() - sent.keys())
    for message, one in sent.items():
        copies = sorted(taken[message], key=lambda each: each.at)
        if one.state == "delivered" and not copies:
            yield f"{one.channel} {message} counts as delivered and never arrived"
        if len(copies) > one.attempts:
            yield f"{one.channel} {message} arrived {len(copies)} times in {one.attempts} attempts"
        for first in copies[:-1]:
            if not any(_explains(break_, first) for break_ in state.interruptions):
                yield f"{first.channel} {message} arrived again, and nothing had come between"


def _explains(interruption: Interruption, taken: Taken) -> bool:
    return (
        interruption.channel == taken.channel
        and interruption.start <= taken.at + _RECORD_SECONDS
        and taken.at <= interruption.end
    )
