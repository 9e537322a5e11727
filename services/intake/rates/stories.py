"""A request's story, read as the events that it published: what the rates are counted from when they are written.

The story is kept for ever and holds the same facts as the events; that both come to the same is proved in
`tests/services/intake/test_rates_recomputed.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from services.intake.rates.rules import DEFAULT, Course, Flag, Mark, Standard, step
from services.intake.requests.rules import Move
from services.intake.requests.tables import Request, StoryEntry
from shared.contracts.base import Event
from shared.contracts.casework import CaseSubmitted
from shared.contracts.intake import (
    Outcome,
    RequestClosed,
    RequestDuplicated,
    RequestRated,
    RequestReclassified,
    RequestRejected,
    RequestReopened,
    RequestReworked,
    RequestSeparated,
    RequestWithdrawn,
    Urgency,
)

DECISIVE = (
    Move.RATE.value,
    Move.RATE_JOINED.value,
    Move.REJECT.value,
    Move.MARK_DUPLICATE.value,
    Move.WITHDRAW.value,
)
"""The entries that make a mark."""


def marks_of(
    request: Request, story: Iterable[StoryEntry], standard: Standard = DEFAULT
) -> Sequence[tuple[int, Mark]]:
    """All marks of a request, each with the entry that made it. `story` is whole and in its order."""
    entries = list(story)
    course = _course(request, entries)
    marks: list[tuple[int, Mark]] = []
    for entry in entries:
        event = _event(request, entry)
        if event is not None:
            course, mark = step(course, entry.at, event, standard)
            marks += [(entry.id, mark)] if mark else []
    return marks


def _course(request: Request, entries: Sequence[StoryEntry]) -> Course:
    """At its filing: what was changed since stands in the first change."""
    category, urgency = request.category, request.urgency
    for entry in entries:
        if entry.entry == Move.RECLASSIFY and entry.details is not None:
            category, urgency = entry.details["category_before"], entry.details["urgency_before"]
            break
    return Course(
        request=request.id,
        filed=request.filed,
        category=category,
        grid=request.grid,
        channel=request.channel,
        urgency=Urgency(urgency),
        history=request.history,
        started=request.filed,
        flags=frozenset({Flag.PART} if request.parent else ()),
    )


def _event(request: Request, entry: StoryEntry) -> Event | None:
    details: Mapping[str, Any] = entry.details or MappingProxyType({})
    ids: dict[str, UUID] = {"request": request.id, "resident": request.resident}
    match entry.entry:
        case Move.RECLASSIFY:
            return RequestReclassified(
                **ids,
                category=details["category"],
                urgency=Urgency(details["urgency"]),
                due=datetime.fromisoformat(details["due"]),
                due_before=datetime.fromisoformat(details["before"]),
                reason=entry.reason or "unknown",
            )
        case Move.SUBMIT:
            return CaseSubmitted(
                **ids,
                worker=UUID(details["worker"]),
                result=details["result"],
                effort=details.get("effort", 0),
            )
        case Move.CLOSE:
            return RequestClosed(
                **ids,
                outcome=Outcome(details["outcome"]),
                within_limit=bool(details["within_limit"]),
                working_minutes=details["working_minutes"] or 0,
            )
        case _:
            return _again(request, entry, ids) or _decisive(request, entry, details, ids)


def _again(request: Request, entry: StoryEntry, ids: Mapping[str, UUID]) -> Event | None:
    """What lets a request begin once more."""
    match entry.entry:
        case Move.REWORK:
            return RequestReworked(**ids, reason=entry.reason or "unknown", round=1)
        case Move.REOPEN:
            return RequestReopened(**ids, reason=entry.reason or "unknown", due=entry.at, round=1)
        case Move.SEPARATE | Move.PROMOTE:
            return RequestSeparated(**ids, of=request.id, due=entry.at)
        case _:
            return None


def _decisive(
    request: Request, entry: StoryEntry, details: Mapping[str, Any], ids: Mapping[str, UUID]
) -> Event | None:
    match entry.entry:
        case Move.RATE | Move.RATE_JOINED:
            return RequestRated(
                request=request.id,
                responded=details["responded"],
                resolved=details["resolved"],
                satisfied=details["satisfied"],
                excluded=details["excluded"],
                reason=entry.reason,
                rater=entry.role,
                own_work=details.get("own_work", False),
            )
        case Move.REJECT:
            return RequestRejected(**ids, reason=entry.reason or "unknown")
        case Move.MARK_DUPLICATE:
            due = details.get("handle_due")
            return RequestDuplicated(
                **ids,
                duplicate_of=UUID(details["of"]),
                due=None if due is None else datetime.fromisoformat(due),
            )
        case Move.WITHDRAW:
            return RequestWithdrawn(**ids)
        case _:
            return None
