"""What happens to limits without anyone's move: they pass, and the calendar changes under them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.requests import queries
from services.intake.requests.actions.changing import apply
from services.intake.requests.deciding import Decision, Entry, Situation
from services.intake.requests.limits import Limit, LimitKind, Limits
from services.intake.requests.rules import OPEN_TO_HANDLE

CLOCK = Actor("service", "intake")
_CHUNK = 500


async def mark_overdue(
    session: AsyncSession, now: datetime, *, count: int = _CHUNK
) -> Sequence[Sequence[LimitKind]]:
    """Mark limits that have passed, once each, and write them into the stories. Of each request marked, which."""
    found = await queries.with_limit_overdue(session, now, count=count)
    passed = [_passed(it, now) for it in found]
    await apply(session, [_overdue(it, limits, now) for it, limits in zip(found, passed, strict=True)])
    return [[limit.kind for limit in limits] for limits in passed]


async def recompute(session: AsyncSession, limits: Limits, now: datetime, *, reason: str) -> int:
    """Compute every running limit again; each change goes into its request's story with the reason.

    How many requests changed. Safe to run again: what is right already stays.
    """
    after, changed = None, 0
    while True:
        found = await queries.with_open_limit(session, after=after, count=_CHUNK)
        decisions = [decision for it in found if (decision := _recomputed(it, limits, now, reason))]
        await apply(session, decisions)
        changed += len(decisions)
        if len(found) < _CHUNK:
            return changed
        after = found[-1].request


def _passed(it: Situation, now: datetime) -> Sequence[Limit]:
    """The limits that have passed and are not marked: for handling, for the present step."""
    life = it.life
    passed: list[Limit] = []
    if life.state in OPEN_TO_HANDLE and life.handle.due < now and life.handle_overdue is None:
        passed.append(life.handle)
    if life.step is not None and life.step.due < now and life.step_overdue is None:
        passed.append(life.step)
    return passed


def _overdue(it: Situation, passed: Sequence[Limit], now: datetime) -> Decision:
    life = it.life
    if life.handle in passed:
        life = replace(life, handle_overdue=now)
    if life.step is not None and life.step in passed:
        life = replace(life, step_overdue=now)
    entries = tuple(
        _entry(it, "overdue", now, {"limit": limit.kind.value, "due": limit.due.isoformat()})
        for limit in passed
    )
    return Decision(it, life, entries)


def _recomputed(it: Situation, limits: Limits, now: datetime, reason: str) -> Decision | None:
    life = it.life
    entries: list[Entry] = []
    if life.state in OPEN_TO_HANDLE:
        handle = limits.start(life.handle.kind, life.handle.started, it.urgency)
        entries += _due_changed(it, life.handle, handle, now, reason)
        life = replace(life, handle=handle, handle_overdue=_still(life.handle_overdue, handle))
    if life.step is not None:
        step = limits.start(life.step.kind, life.step.started, it.urgency)
        entries += _due_changed(it, life.step, step, now, reason)
        life = replace(life, step=step, step_overdue=_still(life.step_overdue, step))
    if life == it.life:
        return None
    return Decision(it, replace(life, version=life.version + 1), tuple(entries))


def _still(overdue: datetime | None, limit: Limit) -> datetime | None:
    """A limit that moved past the moment at which it was marked is not overdue any more."""
    return None if overdue is not None and limit.due >= overdue else overdue


def _due_changed(it: Situation, old: Limit, new: Limit, now: datetime, reason: str) -> Sequence[Entry]:
    if (old.due, old.provisional) == (new.due, new.provisional):
        return ()
    details = {
        "limit": new.kind.value,
        "before": old.due.isoformat(),
        "due": new.due.isoformat(),
        "provisional": new.provisional,
    }
    return (_entry(it, "due_changed", now, details, reason),)


def _entry(
    it: Situation, entry: str, now: datetime, details: Mapping[str, object], reason: str | None = None
) -> Entry:
    return Entry(entry, now, CLOCK, it.life.state, it.life.state, reason, details)
