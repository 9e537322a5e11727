"""The state machine of a request (诉求): one table of allowed moves, and what each move changes. Plain Python.

`Life` is everything about a request that changes. A move takes a life and gives the next one, or refuses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from services.intake.moves import refusal_words
from services.intake.requests.limits import Limit
from shared.contracts.intake import Outcome
from shared.refusals import Conflict, IllegalMove


class State(StrEnum):
    FILED = "filed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    DISPATCHED = "dispatched"
    IN_PROGRESS = "in_progress"
    RETURNED = "returned"
    HANDLED = "handled"
    VERIFIED = "verified"
    REWORK = "rework"
    CLOSED = "closed"
    RATED = "rated"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"


class Move(StrEnum):
    ACCEPT = "accept"
    REJECT = "reject"
    MARK_DUPLICATE = "mark_duplicate"
    SEPARATE = "separate"
    PROMOTE = "promote"
    MOVE_ALONG = "move_along"
    RATE_JOINED = "rate_joined"
    WITHDRAW = "withdraw"
    DISPATCH = "dispatch"
    START = "start"
    RETURN = "return"
    REDISPATCH = "redispatch"
    SUBMIT = "submit"
    VERIFY = "verify"
    REWORK = "rework"
    CLOSE = "close"
    RATE = "rate"
    REOPEN = "reopen"
    REASSIGN = "reassign"
    TAKE_OVER = "take_over"
    RECLASSIFY = "reclassify"
    SUPERVISE = "supervise"
    SPLIT = "split"
    ANSWER = "answer"


OPEN_TO_HANDLE = frozenset(
    {
        State.FILED,
        State.ACCEPTED,
        State.DISPATCHED,
        State.IN_PROGRESS,
        State.RETURNED,
        State.REWORK,
        State.REOPENED,
    }
)
"""States in which the limit for handling runs."""

MOVES: Mapping[Move, tuple[frozenset[State], State | None]] = MappingProxyType(
    {
        move: (frozenset(sources), target)
        for move, sources, target in (
            (Move.ACCEPT, {State.FILED}, State.ACCEPTED),
            # From `returned` these two are the head's, once there were enough returns for the head to decide.
            (Move.REJECT, {State.FILED, State.RETURNED}, State.REJECTED),
            # Up to when a worker hands it in: most are seen to be the same only once somebody reads them. What was
            # reopened goes its own way, since its resident has said that it is not done.
            (
                Move.MARK_DUPLICATE,
                {State.FILED, State.ACCEPTED, State.DISPATCHED, State.IN_PROGRESS, State.RETURNED},
                State.DUPLICATE,
            ),
            # Out of the other's case again: the resident disagrees, or the other one was withdrawn.
            (Move.SEPARATE, {State.DUPLICATE}, State.FILED),
            (Move.PROMOTE, {State.DUPLICATE}, State.FILED),
            (Move.MOVE_ALONG, {State.DUPLICATE}, None),
            (Move.RATE_JOINED, {State.DUPLICATE}, None),
            # From `rework` where the one who handled it is away.
            (
                Move.DISPATCH,
                {State.ACCEPTED, State.RETURNED, State.REWORK, State.REOPENED},
                State.DISPATCHED,
            ),
            (Move.START, {State.DISPATCHED, State.REOPENED}, State.IN_PROGRESS),
            (Move.RETURN, {State.DISPATCHED, State.IN_PROGRESS, State.REOPENED}, State.RETURNED),
            (Move.REDISPATCH, {State.RETURNED}, None),
            (Move.SUBMIT, {State.IN_PROGRESS, State.REWORK}, State.HANDLED),
            (Move.VERIFY, {State.HANDLED}, State.VERIFIED),
            (Move.REWORK, {State.HANDLED}, State.REWORK),
            (Move.CLOSE, {State.VERIFIED}, State.CLOSED),
            (Move.RATE, {State.CLOSED}, State.RATED),
            (Move.REOPEN, {State.CLOSED, State.RATED}, State.REOPENED),
            (
                Move.WITHDRAW,
                {
                    State.FILED,
                    State.ACCEPTED,
                    State.DISPATCHED,
                    State.IN_PROGRESS,
                    State.RETURNED,
                    State.REOPENED,
                },
                State.WITHDRAWN,
            ),
            # Another worker, who has to sign for it; and one who signed by taking it over.
            (
                Move.REASSIGN,
                {State.DISPATCHED, State.IN_PROGRESS, State.RETURNED, State.REWORK, State.REOPENED},
                State.DISPATCHED,
            ),
            (Move.TAKE_OVER, {State.DISPATCHED, State.IN_PROGRESS, State.REWORK}, None),
            # Another category or urgency (`reclassifying`); after closing, what was counted stays as it was.
            (
                Move.RECLASSIFY,
                {
                    State.FILED,
                    State.ACCEPTED,
                    State.DISPATCHED,
                    State.IN_PROGRESS,
                    State.RETURNED,
                    State.REWORK,
                    State.REOPENED,
                    State.HANDLED,
                    State.VERIFIED,
                },
                None,
            ),
            (Move.SUPERVISE, OPEN_TO_HANDLE, None),
            (Move.SPLIT, OPEN_TO_HANDLE, None),
            # To the extra questions of its category.
            (Move.ANSWER, OPEN_TO_HANDLE, None),
        )
    }
)
"""Every allowed move: from which states, to which (None: it stays). What is not here is refused."""


class IllegalRequestMove(IllegalMove):
    """Refused by the table. Params: state, move, allowed and the same in Chinese."""

    zh = "诉求当前状态为“{state_zh}”，不能{move_zh}；现在可以：{allowed_zh}。"
    en = "A request that is {state_en} cannot {move_en}; it can: {allowed_en}."


class HeadDecides(Conflict):
    """Only after `returns_until_head` returns, and only once for them."""

    type = "not-for-the-head"
    zh = "该诉求退单 {returns} 次，满 {needed} 次且尚未决定的，才由社区负责人决定。"
    en = "Returned {returns} times: the head decides after {needed}, once."


class ReopenWindowClosed(Conflict):
    type = "reopen-window-closed"
    zh = "结案已超过 {days} 天，不能重新办理；请重新提交诉求。"
    en = "It was closed more than {days} days ago and cannot be reopened; please file a new request."


class DuplicateOfItself(Conflict):
    type = "duplicate-of-itself"
    zh = "诉求不能是自己或自己的重复件的重复件。"
    en = "A request cannot be a duplicate of itself or of one of its own duplicates."


@dataclass(frozen=True, slots=True)
class Rating:
    """The call-back (回访), which the three rates (三率) are counted from."""

    responded: bool
    resolved: bool
    satisfied: bool
    excluded: bool = False
    reason: str | None = None
    """Code of `exclusion_reason`, where excluded."""


@dataclass(frozen=True, slots=True)
class Life:
    """All that changes of a request. `handle` is the limit for handling; `step` the one of the present state."""

    state: State
    handle: Limit
    step: Limit | None
    version: int = 1
    history: bool = False
    """Filed as a record of the past: it never moves."""
    supervised: datetime | None = None
    """When it was marked (督办) in this handling; its limit is halved from then on."""
    supervision_reason: str | None = None
    handle_overdue: datetime | None = None
    step_overdue: datetime | None = None
    accepted: datetime | None = None
    dispatched: datetime | None = None
    handled: datetime | None = None
    closed: datetime | None = None
    worker: UUID | None = None
    returns: int = 0
    head_decides: bool = False
    reworks: int = 0
    reopenings: int = 0
    reason: str | None = None
    """Code of why it was rejected, returned, reworked or reopened last."""
    duplicate_of: UUID | None = None
    outcome: Outcome | None = None
    within_limit: bool | None = None
    working_minutes: int | None = None
    rating: Rating | None = None


def allowed_moves(life: Life) -> tuple[Move, ...]:
    """What the table allows now, in the table's order."""
    return tuple(move for move in MOVES if _fits(life, move))


def moved(life: Life, move: Move, **changes: Any) -> Life:
    """The life after a move. Raises IllegalRequestMove that names the state and what is allowed."""
    _, target = MOVES[move]
    if not _fits(life, move):
        raise _refusal(life, move)
    if "step" in changes:
        changes["step_overdue"] = None
    return replace(life, state=target or life.state, version=life.version + 1, **changes)


def accept(life: Life, at: datetime, *, dispatch: Limit) -> Life:
    return moved(life, Move.ACCEPT, accepted=at, step=dispatch)


def reject(life: Life, *, reason: str, needed: int) -> Life:
    _require_head(life, Move.REJECT, needed)
    return moved(life, Move.REJECT, reason=reason, step=None, head_decides=False)


def mark_duplicate(life: Life, request: UUID, *, of: UUID, chain: tuple[UUID, ...], needed: int) -> Life:
    """`chain` are the requests that `of` is itself a duplicate of, nearest first."""
    if request == of or request in chain:
        raise DuplicateOfItself(field="of")
    _require_head(life, Move.MARK_DUPLICATE, needed)
    return moved(life, Move.MARK_DUPLICATE, duplicate_of=of, step=None, head_decides=False)


def withdraw(life: Life) -> Life:
    return moved(life, Move.WITHDRAW, step=None, head_decides=False)


def dispatch(life: Life, at: datetime, *, worker: UUID, sign: Limit) -> Life:
    return moved(life, Move.DISPATCH, dispatched=at, worker=worker, step=sign, head_decides=False)


def start(life: Life, *, worker: UUID) -> Life:
    return moved(life, Move.START, worker=worker, step=None)


def reassign(life: Life, at: datetime, *, worker: UUID, sign: Limit) -> Life:
    return moved(life, Move.REASSIGN, dispatched=at, worker=worker, step=sign, head_decides=False)


def take_over(life: Life, *, worker: UUID) -> Life:
    return moved(life, Move.TAKE_OVER, worker=worker)


def give_back(life: Life, *, reason: str, returns: int, needed: int, dispatch: Limit) -> Life:
    """The worker returned it (退单). `returns` counts this one; from `needed` on the head decides."""
    return moved(
        life,
        Move.RETURN,
        worker=None,
        reason=reason,
        returns=returns,
        head_decides=returns >= needed,
        step=dispatch,
    )


def redispatch(life: Life, *, needed: int, dispatch: Limit) -> Life:
    """The head decided that it stays here; the next assignment dispatches it."""
    _require_head(life, Move.REDISPATCH, needed)
    return moved(life, Move.REDISPATCH, head_decides=False, step=dispatch)


def submit(life: Life, at: datetime, *, worker: UUID, working_minutes: int, verify: Limit) -> Life:
    return moved(
        life,
        Move.SUBMIT,
        handled=at,
        worker=worker,
        working_minutes=working_minutes,
        within_limit=at <= life.handle.due,
        step=verify,
    )


def verify(life: Life) -> Life:
    return moved(life, Move.VERIFY, step=None)


def rework(life: Life, *, reason: str) -> Life:
    """The limit for handling goes on from where it was: poor work does not win time."""
    return moved(life, Move.REWORK, reason=reason, reworks=life.reworks + 1, step=None)


def close(life: Life, at: datetime, *, outcome: Outcome, call_back: Limit) -> Life:
    return moved(life, Move.CLOSE, closed=at, outcome=outcome, step=call_back)


def rate(life: Life, rating: Rating) -> Life:
    return moved(life, Move.RATE, rating=rating, step=None)


def reopen(life: Life, at: datetime, *, reason: str, days: int, handle: Limit, dispatch: Limit) -> Life:
    """Within `days` of closing, to the second. A new limit for handling starts."""
    late = life.closed is not None and at > life.closed + timedelta(days=days)
    if late and Move.REOPEN in allowed_moves(life):
        raise ReopenWindowClosed(days=days)
    return moved(
        life,
        Move.REOPEN,
        reason=reason,
        reopenings=life.reopenings + 1,
        returns=0,
        head_decides=False,
        handle=handle,
        supervised=None,
        supervision_reason=None,
        handle_overdue=None,
        step=dispatch,
        outcome=None,
        within_limit=None,
        working_minutes=None,
        handled=None,
        closed=None,
        rating=None,
    )


def _fits(life: Life, move: Move) -> bool:
    if life.history or life.state not in MOVES[move][0]:
        return False
    if move is Move.WITHDRAW:
        # Sent back for rework and given to another worker, it was handled all the same.
        return life.handled is None
    return move is not Move.SUPERVISE or life.supervised is None


def _require_head(life: Life, move: Move, needed: int) -> None:
    if life.state is State.RETURNED and not life.head_decides and move in allowed_moves(life):
        raise HeadDecides(returns=life.returns, needed=needed)


def _refusal(life: Life, move: Move) -> IllegalRequestMove:
    return IllegalRequestMove(**refusal_words("request", life.state, move, allowed_moves(life)))
