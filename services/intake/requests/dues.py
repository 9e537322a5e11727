"""What becomes of limits without anyone's move: they pass, and the calendar changes under them. Plain Python, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.intake.actor import Actor
from services.intake.requests import deciding
from services.intake.requests.deciding import Decision, Entry, Situation
from services.intake.requests.limits import Limit, Limits
from services.intake.requests.rules import OPEN_TO_HANDLE
from shared.contracts.intake import RequestDueChanged

CLOCK = Actor("service", "intake")
NOTICE = "holiday_notice"
"""Of the vocabulary `due_change_reason`."""


def passed(it: Situation, now: datetime) -> Sequence[Limit]:
    """The limits that have passed and are not marked: for handling, for the present step."""
    life = it.life
    found: list[Limit] = []
    if life.state in OPEN_TO_HANDLE and life.handle.due < now and life.handle_overdue is None:
        found.append(life.handle)
    if life.step is not None and life.step.due < now and life.step_overdue is None:
        found.append(life.step)
    return found


def overdue(it: Situation, limits: Sequence[Limit], now: datetime) -> Decision:
    """Marks these limits, each with its entry in the story."""
    life = it.life
    if life.handle in limits:
        life = replace(life, handle_overdue=now)
    if life.step is not None and life.step in limits:
        life = replace(life, step_overdue=now)
    entries = tuple(
        _entry(it, "overdue", now, {"limit": limit.kind.value, "due": limit.due.isoformat()})
        for limit in limits
    )
    return Decision(it, life, entries)


def recomputed(it: Situation, limits: Limits, now: datetime, reason: str) -> Decision | None:
    """The running limits by today's calendar, those under supervision still halved; None where all stay as they are.

    Others hear of the limit for handling, in one event: the resident waits for that, and a step is over in hours.
    """
    life = it.life
    entries: list[Entry] = []
    events: tuple[RequestDueChanged, ...] = ()
    if life.state in OPEN_TO_HANDLE:
        handle = limits.handling(life.handle.started, it.urgency, supervised=life.supervised)
        if not same(life.handle, handle):
            entries.append(_entry(it, "due_changed", now, change(life.handle, handle), reason))
            events = (_due_changed(it, handle, reason),)
        life = replace(life, handle=handle, handle_overdue=still(life.handle_overdue, handle))
    if life.step is not None:
        step = limits.start(life.step.kind, life.step.started, it.urgency)
        if not same(life.step, step):
            entries.append(_entry(it, "due_changed", now, change(life.step, step), reason))
        life = replace(life, step=step, step_overdue=still(life.step_overdue, step))
    if life == it.life:
        return None
    return Decision(it, replace(life, version=life.version + 1), tuple(entries), events)


def rework(it: Situation, at: datetime, by: Actor, limits: Limits, *, reason: str) -> Decision:
    """Back to work under the same limit, by the calendar of today: a notice may have come while it was being checked."""
    decision = deciding.rework(it, at, by, reason=reason)
    following = recomputed(decision.after, limits, at, NOTICE)
    return decision if following is None else decision.then(following)


def same(old: Limit, new: Limit) -> bool:
    """Whether both end at the same time with the same certainty."""
    return (old.due, old.provisional) == (new.due, new.provisional)


def still(overdue: datetime | None, limit: Limit) -> datetime | None:
    """A limit that moved past the moment at which it was marked is not overdue any more."""
    return None if overdue is not None and limit.due >= overdue else overdue


def change(old: Limit, new: Limit) -> Mapping[str, Any]:
    """For the story: which limit, what it was, what it is."""
    return {
        "limit": new.kind.value,
        "before": old.due.isoformat(),
        "due": new.due.isoformat(),
        "provisional": new.provisional,
    }


def _due_changed(it: Situation, handle: Limit, reason: str) -> RequestDueChanged:
    before = it.life.handle
    return RequestDueChanged(
        request=it.request,
        resident=it.resident,
        due=handle.due,
        due_provisional=handle.provisional,
        due_before=before.due,
        due_changed=handle.due != before.due,
        reason=reason,
    )


def _entry(
    it: Situation, entry: str, now: datetime, details: Mapping[str, object], reason: str | None = None
) -> Entry:
    return Entry(entry, now, CLOCK, it.life.state, it.life.state, reason, details)
