"""What a move means: the next life, the entry of the story, the events. Plain Python, no I/O.

Routes and handlers find a request, decide here, and apply the decision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.actor import Actor
from services.intake.requests import rules
from services.intake.requests.limits import LimitKind, Limits
from services.intake.requests.rules import Life, Move, Rating, State
from shared.contracts import intake as events
from shared.contracts.base import Event
from shared.contracts.intake import Outcome, Urgency


@dataclass(frozen=True, slots=True)
class Situation:
    """A request as it stands, and what of it decides."""

    request: UUID
    resident: UUID
    urgency: Urgency
    life: Life
    category: str | None = None
    parent: UUID | None = None
    """The request that this one is a part of."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the story."""

    entry: str
    at: datetime
    by: Actor
    from_state: State
    to_state: State
    reason: str | None = None
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    it: Situation
    life: Life
    entries: tuple[Entry, ...]
    events: tuple[Event, ...] = ()

    def then(self, following: "Decision") -> "Decision":
        """Both, one after the other."""
        return Decision(
            self.it,
            following.life,
            self.entries + following.entries,
            self.events + following.events,
        )

    @property
    def after(self) -> Situation:
        return replace(self.it, life=self.life)


def accept(it: Situation, at: datetime, by: Actor, limits: Limits) -> Decision:
    within = it.life.step is None or at <= it.life.step.due
    life = rules.accept(it.life, at, dispatch=limits.start(LimitKind.DISPATCH, at, it.urgency))
    accepted = events.RequestAccepted(
        request=it.request, resident=it.resident, due=life.handle.due, within_limit=within
    )
    return _decided(it, life, Move.ACCEPT, at, by, accepted, details={"within_limit": within})


def reject(it: Situation, at: datetime, by: Actor, limits: Limits, *, reason: str) -> Decision:
    life = rules.reject(it.life, reason=reason, needed=limits.terms.returns_until_head)
    rejected = events.RequestRejected(request=it.request, resident=it.resident, reason=reason)
    return _decided(it, life, Move.REJECT, at, by, rejected, reason=reason)


def mark_duplicate(
    it: Situation, at: datetime, by: Actor, limits: Limits, *, of: UUID, chain: Sequence[UUID]
) -> Decision:
    needed = limits.terms.returns_until_head
    life = rules.mark_duplicate(it.life, it.request, of=of, chain=tuple(chain), needed=needed)
    due = it.life.handle.due
    duplicated = events.RequestDuplicated(request=it.request, resident=it.resident, duplicate_of=of, due=due)
    details = {"of": str(of), "handle_due": due.isoformat()}
    return _decided(it, life, Move.MARK_DUPLICATE, at, by, duplicated, details=details)


def withdraw(it: Situation, at: datetime, by: Actor) -> Decision:
    withdrawn = events.RequestWithdrawn(request=it.request, resident=it.resident)
    return _decided(it, rules.withdraw(it.life), Move.WITHDRAW, at, by, withdrawn)


def redispatch(it: Situation, at: datetime, by: Actor, limits: Limits, *, worker: UUID | None) -> Decision:
    life = rules.redispatch(
        it.life,
        needed=limits.terms.returns_until_head,
        dispatch=limits.start(LimitKind.DISPATCH, at, it.urgency),
    )
    redispatched = events.RequestRedispatched(request=it.request, worker=worker)
    details = None if worker is None else {"worker": str(worker)}
    return _decided(it, life, Move.REDISPATCH, at, by, redispatched, details=details)


def verify(it: Situation, at: datetime, by: Actor) -> Decision:
    return _decided(it, rules.verify(it.life), Move.VERIFY, at, by)


def rework(it: Situation, at: datetime, by: Actor, *, reason: str) -> Decision:
    life = rules.rework(it.life, reason=reason)
    reworked = events.RequestReworked(
        request=it.request, resident=it.resident, reason=reason, round=life.reworks
    )
    return _decided(it, life, Move.REWORK, at, by, reworked, reason=reason)


def close(
    it: Situation, at: datetime, by: Actor, limits: Limits, *, outcome: Outcome, answered: bool = False
) -> Decision:
    """`answered`: the community says something in words, which stand beside."""
    call_back = limits.start(LimitKind.CALL_BACK, at, it.urgency)
    life = rules.close(it.life, at, outcome=outcome, call_back=call_back)
    closed = events.RequestClosed(
        request=it.request,
        resident=it.resident,
        outcome=outcome,
        within_limit=bool(life.within_limit),
        working_minutes=life.working_minutes or 0,
        answered=answered,
    )
    details = {
        "outcome": outcome.value,
        "within_limit": life.within_limit,
        "working_minutes": life.working_minutes,
    }
    if answered:
        details["answered"] = True
    return _decided(it, life, Move.CLOSE, at, by, closed, details=details)


def reopen(it: Situation, at: datetime, by: Actor, limits: Limits, *, reason: str) -> Decision:
    life = rules.reopen(
        it.life,
        at,
        reason=reason,
        days=limits.terms.reopen_days,
        handle=limits.start(LimitKind.HANDLE, at, it.urgency),
        dispatch=limits.start(LimitKind.DISPATCH, at, it.urgency),
    )
    reopened = events.RequestReopened(
        request=it.request,
        resident=it.resident,
        reason=reason,
        due=life.handle.due,
        due_provisional=life.handle.provisional,
        round=life.reopenings,
    )
    details = {"handle_due": life.handle.due.isoformat(), "provisional": life.handle.provisional}
    return _decided(it, life, Move.REOPEN, at, by, reopened, reason=reason, details=details)


def rate(it: Situation, at: datetime, by: Actor, rating: Rating, *, own_work: bool = False) -> Decision:
    """`own_work`: the same account had handled, verified or closed it."""
    rated = events.RequestRated(
        request=it.request,
        responded=rating.responded,
        resolved=rating.resolved,
        satisfied=rating.satisfied,
        excluded=rating.excluded,
        reason=rating.reason,
        rater=by.role,
        own_work=own_work,
    )
    details = {
        "responded": rating.responded,
        "resolved": rating.resolved,
        "satisfied": rating.satisfied,
        "excluded": rating.excluded,
        "own_work": own_work,
    }
    life = rules.rate(it.life, rating)
    return _decided(it, life, Move.RATE, at, by, rated, reason=rating.reason, details=details)


def assigned(it: Situation, at: datetime, by: Actor, limits: Limits, *, worker: UUID) -> Decision:
    """A worker has it now. One that nobody accepted yet is accepted by this.

    One that a worker has already is given anew: casework came back from a backup that is older than what it had told.
    """
    if it.life.state is State.FILED:
        first = accept(it, at, by, limits)
        return first.then(assigned(first.after, at, by, limits, worker=worker))
    if it.life.state in {State.DISPATCHED, State.IN_PROGRESS}:
        return reassigned(it, at, by, limits, worker=worker)
    life = rules.dispatch(it.life, at, worker=worker, sign=limits.start(LimitKind.SIGN, at, it.urgency))
    return _decided(it, life, Move.DISPATCH, at, by, details={"worker": str(worker)})


def reassigned(it: Situation, at: datetime, by: Actor, limits: Limits, *, worker: UUID) -> Decision:
    """As `assigned`; casework may move a request to another before intake has heard of the first."""
    if it.life.state in {State.FILED, State.ACCEPTED}:
        return assigned(it, at, by, limits, worker=worker)
    life = rules.reassign(it.life, at, worker=worker, sign=limits.start(LimitKind.SIGN, at, it.urgency))
    return _decided(it, life, Move.REASSIGN, at, by, details={"worker": str(worker)})


def started(it: Situation, at: datetime, by: Actor, *, worker: UUID, within_limit: bool) -> Decision:
    details = {"worker": str(worker), "within_limit": within_limit}
    return _decided(it, rules.start(it.life, worker=worker), Move.START, at, by, details=details)


def returned(
    it: Situation, at: datetime, by: Actor, limits: Limits, *, reason: str, returns: int
) -> Decision:
    life = rules.give_back(
        it.life,
        reason=reason,
        returns=returns,
        needed=limits.terms.returns_until_head,
        dispatch=limits.start(LimitKind.DISPATCH, at, it.urgency),
    )
    details = {"returns": returns, "head_decides": life.head_decides}
    return _decided(it, life, Move.RETURN, at, by, reason=reason, details=details)


def submitted(
    it: Situation, at: datetime, by: Actor, limits: Limits, *, worker: UUID, result: str, effort: int
) -> Decision:
    """`effort`: minutes that the worker says it took."""
    minutes = limits.calendar.working_minutes_between(it.life.handle.started, at)
    verify_by = limits.start(LimitKind.VERIFY, at, it.urgency)
    life = rules.submit(it.life, at, worker=worker, working_minutes=minutes, verify=verify_by)
    details = {
        "worker": str(worker),
        "result": result,
        "effort": effort,
        "within_limit": life.within_limit,
    }
    return _decided(it, life, Move.SUBMIT, at, by, details=details)


def transferred(it: Situation, at: datetime, by: Actor, *, worker: UUID) -> Decision:
    life = rules.take_over(it.life, worker=worker)
    return _decided(it, life, Move.TAKE_OVER, at, by, details={"worker": str(worker)})


def late(it: Situation, at: datetime, by: Actor, *, event: str) -> Decision:
    """An event that no longer fits: written down, and nothing changes."""
    state = it.life.state
    return Decision(it, it.life, (Entry("late", at, by, state, state, details={"event": event}),))


def _decided(
    it: Situation,
    life: Life,
    move: Move,
    at: datetime,
    by: Actor,
    *published: Event,
    reason: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Decision:
    if life.step is not None:
        limit = {"limit": life.step.kind.value, "due": life.step.due.isoformat()}
        details = {**(details or {}), **limit}
    entry = Entry(move.value, at, by, it.life.state, life.state, reason, details)
    return Decision(it, life, (entry,), published)
