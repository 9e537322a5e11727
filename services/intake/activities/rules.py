"""The state machine of an activity (活动), DOMAIN.md: one table of allowed moves. Plain Python.

`Life` is all about an activity that its moves change. A move takes a life and gives the next one, or refuses. Who has a
place is in `roster`; `full` says only that no place for a participant is left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from services.intake.moves import refusal_words
from shared.refusals import Conflict, IllegalMove, InvalidValue, NotFound


class State(StrEnum):
    PROPOSED = "proposed"
    SCHEDULED = "scheduled"
    OPEN = "open"
    FULL = "full"
    HELD = "held"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class Move(StrEnum):
    CHECK = "check"
    SCHEDULE = "schedule"
    CHANGE = "change"
    OPEN = "open"
    FILL = "fill"
    FREE = "free"
    HOLD = "hold"
    SETTLE = "settle"
    CANCEL = "cancel"


MOVES: Mapping[Move, tuple[frozenset[State], State | None]] = MappingProxyType(
    {
        move: (frozenset(sources), target)
        for move, sources, target in (
            # The text of a proposal is read by a worker before anybody else sees it.
            (Move.CHECK, {State.PROPOSED}, None),
            (Move.SCHEDULE, {State.PROPOSED}, State.SCHEDULED),
            (Move.CHANGE, {State.SCHEDULED, State.OPEN, State.FULL}, None),
            (Move.OPEN, {State.SCHEDULED}, State.OPEN),
            # These two follow from sign-ups; nobody asks for them.
            (Move.FILL, {State.OPEN}, State.FULL),
            (Move.FREE, {State.FULL}, State.OPEN),
            (Move.HOLD, {State.OPEN, State.FULL}, State.HELD),
            # When the ledger balances.
            (Move.SETTLE, {State.HELD}, State.SETTLED),
            (Move.CANCEL, {State.PROPOSED, State.SCHEDULED, State.OPEN, State.FULL}, State.CANCELLED),
        )
    }
)
"""Every allowed move: from which states, to which (None: it stays). What is not here is refused."""

OF_PEOPLE = (Move.CHECK, Move.SCHEDULE, Move.CHANGE, Move.OPEN, Move.HOLD, Move.SETTLE, Move.CANCEL)
"""The moves that somebody can ask for."""
TAKING = frozenset({State.OPEN, State.FULL})
"""States in which people sign up, leave and check in."""
UNFINISHED = (State.PROPOSED, State.SCHEDULED, State.OPEN, State.FULL)


class ActivityNotFound(NotFound):
    type = "activity-not-found"
    zh = "没有这项活动。"
    en = "There is no such activity."


class IllegalActivityMove(IllegalMove):
    """Refused by the table. Params: state, move, allowed and the same in Chinese."""

    zh = "活动当前状态为“{state_zh}”，不能{move_zh}；现在可以：{allowed_zh}。"
    en = "An activity that is {state_en} cannot {move_en}; it can: {allowed_en}."


class NotCheckedYet(Conflict):
    type = "proposal-not-checked"
    zh = "提议的文字尚未经工作人员审核，不能继续。"
    en = "A worker has to check the text of the proposal first."


class AlreadyChecked(Conflict):
    type = "proposal-checked-already"
    zh = "该提议的文字已经审核。"
    en = "The text of this proposal has been checked already."


class NotBegunYet(Conflict):
    """Nobody can have attended what has not begun."""

    type = "activity-not-begun"
    zh = "活动尚未开始，不能确认举办。"
    en = "The activity has not begun, so it cannot be closed as held."


class HasBegun(Conflict):
    type = "activity-has-begun"
    zh = "活动已经开始，不能再进行此操作。"
    en = "The activity has begun; this cannot be done any more."


class WrongTimes(InvalidValue):
    type = "wrong-activity-times"


@dataclass(frozen=True, slots=True)
class Plan:
    """When it takes place, and from when to when people may sign up."""

    starts: datetime
    ends: datetime
    sign_up_from: datetime
    sign_up_until: datetime

    def moved(self, starts: datetime, ends: datetime) -> "Plan":
        """At another time: the sign-up ends as long before the start as it did; its beginning stays."""
        until = starts - (self.starts - self.sign_up_until)
        return Plan(starts, ends, min(self.sign_up_from, until), until)


@dataclass(frozen=True, slots=True)
class Life:
    """All that the moves of an activity change."""

    state: State
    version: int = 1
    checked: datetime | None = None
    """When the text was checked, and from when on people see it."""
    plan: Plan | None = None
    opened: datetime | None = None
    held: datetime | None = None
    settled: datetime | None = None
    cancelled: datetime | None = None
    leave_until: datetime | None = None
    """Until then a place may be given back without being counted as late."""
    reason: str | None = None
    """Code of why it was cancelled."""

    @property
    def fixed(self) -> Plan:
        """The plan of an activity that has been scheduled."""
        if self.plan is None:
            raise ValueError("an activity without a plan")
        return self.plan


def allowed_moves(life: Life) -> tuple[Move, ...]:
    """What people may ask for now, in the table's order."""
    return tuple(move for move in OF_PEOPLE if life.state in MOVES[move][0])


def moved(life: Life, move: Move, **changes: Any) -> Life:
    """The life after a move. Raises IllegalActivityMove that names the state and what is allowed."""
    sources, target = MOVES[move]
    if life.state not in sources:
        raise _refusal(life, move)
    return replace(life, state=target or life.state, version=life.version + 1, **changes)


def check(life: Life, at: datetime) -> Life:
    if life.checked is not None and life.state is State.PROPOSED:
        raise AlreadyChecked
    return moved(life, Move.CHECK, checked=at)


def schedule(life: Life, plan: Plan, *, now: datetime, leave_until: datetime) -> Life:
    if life.checked is None and life.state is State.PROPOSED:
        raise NotCheckedYet
    return moved(life, Move.SCHEDULE, plan=checked_plan(plan, now), leave_until=leave_until)


def change(life: Life, plan: Plan, *, now: datetime, leave_until: datetime) -> Life:
    """Another time or only other particulars: `plan` may be what it was. Raises HasBegun, WrongTimes."""
    after = moved(life, Move.CHANGE, plan=plan, leave_until=leave_until)
    if life.fixed.starts <= now:
        raise HasBegun
    checked_plan(plan, now)
    return after


def open_(life: Life, at: datetime) -> Life:
    after = moved(life, Move.OPEN, opened=at)
    if life.fixed.starts <= at:
        raise HasBegun
    return after


def follow(life: Life, *, full: bool) -> Life:
    """`open` or `full`, as the places are. The version stays: a head who changes the plan is not in each other's way
    with those who sign up."""
    if life.state is State.OPEN and full:
        return replace(moved(life, Move.FILL), version=life.version)
    if life.state is State.FULL and not full:
        return replace(moved(life, Move.FREE), version=life.version)
    return life


def hold(life: Life, at: datetime) -> Life:
    after = moved(life, Move.HOLD, held=at)
    if at < life.fixed.starts:
        raise NotBegunYet
    return after


def settle(life: Life, at: datetime) -> Life:
    return moved(life, Move.SETTLE, settled=at)


def cancel(life: Life, at: datetime, *, reason: str) -> Life:
    return moved(life, Move.CANCEL, cancelled=at, reason=reason)


def checked_plan(plan: Plan, now: datetime) -> Plan:
    """Raises WrongTimes that names the field."""
    for wrong, field, zh, en in (
        (plan.starts <= now, "starts", "开始时间须在将来。", "It has to start in the future."),
        (plan.ends <= plan.starts, "ends", "结束时间须晚于开始时间。", "It has to end after it starts."),
        (
            plan.sign_up_until > plan.starts,
            "sign_up_until",
            "报名截止时间不得晚于开始时间。",
            "Sign-up ends when it starts, at the latest.",
        ),
        (
            plan.sign_up_from > plan.sign_up_until,
            "sign_up_from",
            "报名开始时间不得晚于截止时间。",
            "Sign-up has to begin before it ends.",
        ),
    ):
        if wrong:
            raise WrongTimes(field=field, reason_zh=zh, reason_en=en)
    return plan


def _refusal(life: Life, move: Move) -> IllegalActivityMove:
    return IllegalActivityMove(**refusal_words("activity", life.state, move, allowed_moves(life)))
