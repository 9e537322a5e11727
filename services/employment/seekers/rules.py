"""The life of a registration: `registered` → `served` → `placed` | `exited`. What ends is final.

A resident who looks for work again registers again, so that each spell without work is counted by itself.
"""

from collections.abc import Mapping
from enum import StrEnum

from services.employment.rules import moved
from shared.refusals import Conflict


class SeekerState(StrEnum):
    REGISTERED = "registered"
    SERVED = "served"
    """At least one service of the bundle was given: guidance, a referral, a training."""
    PLACED = "placed"
    EXITED = "exited"


class SeekerMove(StrEnum):
    CHANGE = "change"
    SERVE = "serve"
    PLACE = "place"
    EXIT = "exit"


ACTIVE = frozenset({SeekerState.REGISTERED, SeekerState.SERVED})
"""Still looking: matched with vacancies, and at most one such registration a resident."""

MOVES: Mapping[SeekerMove, tuple[frozenset[SeekerState], SeekerState | None]] = {
    SeekerMove.CHANGE: (ACTIVE, None),
    SeekerMove.SERVE: (frozenset({SeekerState.REGISTERED}), SeekerState.SERVED),
    SeekerMove.PLACE: (frozenset({SeekerState.SERVED}), SeekerState.PLACED),
    SeekerMove.EXIT: (ACTIVE, SeekerState.EXITED),
}


class AlreadyRegistered(Conflict):
    type = "seeker-already-registered"
    zh = "该居民已有有效的求职登记，请修改原登记。"
    en = "This resident is registered already; change that registration instead."


class ResidentGone(Conflict):
    type = "resident-erased"
    zh = "该居民的个人信息已注销，不能登记。"
    en = "This resident's data was erased; nothing can be registered."


def after(state: SeekerState, move: SeekerMove) -> SeekerState:
    """Raises MoveRefused."""
    return moved("seeker", MOVES, state, move)
