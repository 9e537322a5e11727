"""The life of a case: one table of allowed moves, and what each means for the worker's load."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from shared.refusals import Conflict, Forbidden, IllegalMove, NotFound


class CaseState(StrEnum):
    OPEN = "open"
    """With a worker who has not signed yet, or, while `waiting` says why, with nobody."""
    ACCEPTED = "accepted"
    WORKING = "working"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    """Given back, and with nobody until it is assigned again."""
    CLOSED = "closed"


class Move(StrEnum):
    ASSIGN = "assign"
    ACCEPT = "accept"
    START = "start"
    SUBMIT = "submit"
    RETURN = "return"
    OFFER = "offer_transfer"
    TAKE_OVER = "take_over"
    REASSIGN = "reassign"
    REWORK = "rework"
    REOPEN = "reopen"
    END = "end"


class Waiting(StrEnum):
    """Why a case that is with nobody waits."""

    NOBODY_AVAILABLE = "nobody_available"
    OVER_CAP = "over_cap"
    OLDER_FIRST = "older_first"
    """Others wait that somebody can take, more than are given out in one go."""
    HEAD_DECIDES = "head_decides"


class Ending(StrEnum):
    CLOSED = "closed"
    REJECTED = "rejected"
    DUPLICATED = "duplicated"
    WITHDRAWN = "withdrawn"


class TransferState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    """The case went another way before the other worker answered."""


_S, _M = CaseState, Move
MOVES: Mapping[tuple[CaseState, Move], CaseState] = MappingProxyType(
    {
        (_S.OPEN, _M.ASSIGN): _S.OPEN,  # out of the queue
        (_S.OPEN, _M.ACCEPT): _S.ACCEPTED,
        (_S.OPEN, _M.RETURN): _S.RETURNED,
        (_S.OPEN, _M.REASSIGN): _S.OPEN,
        (_S.OPEN, _M.END): _S.CLOSED,
        (_S.ACCEPTED, _M.START): _S.WORKING,
        (_S.ACCEPTED, _M.RETURN): _S.RETURNED,
        (_S.ACCEPTED, _M.OFFER): _S.ACCEPTED,
        (_S.ACCEPTED, _M.TAKE_OVER): _S.ACCEPTED,
        (_S.ACCEPTED, _M.REASSIGN): _S.OPEN,
        (_S.ACCEPTED, _M.END): _S.CLOSED,
        (_S.WORKING, _M.SUBMIT): _S.SUBMITTED,
        (_S.WORKING, _M.RETURN): _S.RETURNED,
        (_S.WORKING, _M.OFFER): _S.WORKING,
        (_S.WORKING, _M.TAKE_OVER): _S.ACCEPTED,  # the new owner has signed by accepting, not begun
        (_S.WORKING, _M.REASSIGN): _S.OPEN,
        (_S.WORKING, _M.END): _S.CLOSED,
        (_S.SUBMITTED, _M.REWORK): _S.WORKING,
        (_S.SUBMITTED, _M.END): _S.CLOSED,
        (_S.RETURNED, _M.ASSIGN): _S.OPEN,
        (_S.RETURNED, _M.REASSIGN): _S.OPEN,
        (_S.RETURNED, _M.END): _S.CLOSED,
        (_S.CLOSED, _M.REOPEN): _S.OPEN,
    }
)
LOADED = frozenset({CaseState.OPEN, CaseState.ACCEPTED, CaseState.WORKING})
"""States in which the case's effort counts as its worker's open work.

Not `submitted`: the worker is done until a rework says otherwise.
"""

_MOVE_NAMES: Mapping[Move, tuple[str, str]] = MappingProxyType(
    {
        Move.ASSIGN: ("分派", "be assigned"),
        Move.ACCEPT: ("签收", "be accepted"),
        Move.START: ("开始处置", "be started"),
        Move.SUBMIT: ("提交核查", "be submitted"),
        Move.RETURN: ("退单", "be returned"),
        Move.OFFER: ("请求转办", "be offered to another"),
        Move.TAKE_OVER: ("接收转办", "be taken over"),
        Move.REASSIGN: ("改派", "be reassigned"),
        Move.REWORK: ("重办", "be reworked"),
        Move.REOPEN: ("重新打开", "be reopened"),
        Move.END: ("结束", "end"),
    }
)
_STATE_NAMES: Mapping[CaseState, str] = MappingProxyType(
    {
        CaseState.OPEN: "待签收",
        CaseState.ACCEPTED: "已签收",
        CaseState.WORKING: "处置中",
        CaseState.SUBMITTED: "待核查",
        CaseState.RETURNED: "已退单",
        CaseState.CLOSED: "已结束",
    }
)


class UnknownCase(NotFound):
    type = "unknown-case"
    zh = "没有这件案件。"
    en = "There is no such case."


class CaseMoveRefused(IllegalMove):
    """Params: state, state_zh, move, move_zh, allowed, allowed_zh."""

    type = "illegal-move"
    zh = "案件当前为“{state_zh}”，不能{move_zh}；此时可以：{allowed_zh}。"
    en = "A case that is {state} cannot {move}; it can: {allowed}."


class NotYourCase(Forbidden):
    type = "not-your-case"
    zh = "这件案件由其他工作者承办，只有承办人或社区负责人可以操作。"
    en = "The case is another worker's; only that worker or the head can do this."


class NobodyHasIt(Conflict):
    type = "case-without-worker"
    zh = "案件尚未分派给任何人，请等候分派或由负责人指定。"
    en = "The case is with nobody yet; wait for the assignment or let the head name a worker."


class HeadDecidesFirst(Conflict):
    type = "head-decides"
    zh = "案件已两次退单，请社区负责人在诉求上作出重派或不予立案的决定。"
    en = "The case was returned twice; the head decides on the request itself: redispatch or reject it."


class SameWorker(Conflict):
    type = "same-worker"
    zh = "案件已由该工作者承办。"
    en = "The case is with this worker already."


class TransferPending(Conflict):
    type = "transfer-pending"
    zh = "已有一项转办请求等待对方答复，请先撤回。"
    en = "An offer to transfer is waiting for its answer; withdraw it first."


class NoTransferOffered(Conflict):
    type = "no-transfer-offered"
    zh = "没有等待答复的转办请求。"
    en = "No transfer is waiting for an answer."


class NotOfferedToYou(Forbidden):
    type = "not-offered-to-you"
    zh = "这项转办请求不是给您的。"
    en = "This transfer was not offered to you."


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a move: an account, the worker it belongs to, and whether it decides for the community."""

    subject: str
    worker: UUID | None = None
    decides: bool = False


def allowed_moves(state: CaseState) -> tuple[Move, ...]:
    return tuple(move for (at, move) in MOVES if at is state)


def moved(state: CaseState, move: Move) -> CaseState:
    """The state after the move. Raises CaseMoveRefused where the table has none."""
    after = MOVES.get((state, move))
    if after is not None:
        return after
    allowed = allowed_moves(state)
    raise CaseMoveRefused(
        state=state.value,
        state_zh=_STATE_NAMES[state],
        move=_MOVE_NAMES[move][1],
        move_zh=_MOVE_NAMES[move][0],
        allowed=", ".join(_MOVE_NAMES[each][1] for each in allowed) or "do nothing",
        allowed_zh="、".join(_MOVE_NAMES[each][0] for each in allowed) or "无",
    )


def fits(state: CaseState, move: Move) -> bool:
    """Whether an event that arrived still fits; one that does not changes nothing."""
    return (state, move) in MOVES


def check_owner(actor: Actor, worker: UUID | None) -> UUID:
    """The case's worker. Only that worker moves the case, or the head on the worker's behalf."""
    if worker is None:
        raise NobodyHasIt
    if not actor.decides and actor.worker != worker:
        raise NotYourCase
    return worker
