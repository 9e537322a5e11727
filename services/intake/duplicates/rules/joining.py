"""Which request may be joined to which, and what joining, separating and promoting change of each. Plain Python.

A request is joined to one that goes on (its main one), never to one that is joined itself: so every resident is
followed by exactly one request that is worked on. Only a duplicate leaves its main one, and only by a move of its own.
"""

from datetime import datetime, timedelta
from uuid import UUID

from services.intake.requests.limits import Limit
from services.intake.requests.rules import (
    Life,
    Move,
    Rating,
    State,
    allowed_moves,
    moved,
)
from shared.contracts.vocabulary import name
from shared.refusals import Conflict

ENDED = frozenset({State.CLOSED, State.RATED, State.REJECTED})
"""States of a main one in which those joined to it may rate, and may leave."""
GOING_ON = frozenset(State) - ENDED - {State.DUPLICATE, State.WITHDRAWN}
"""States in which a request takes others in. Not the ended ones: who joins there would be told nothing any more."""

FOLLOWED = frozenset(
    {
        "accept",
        "reject",
        "dispatch",
        "reassign",
        "start",
        "take_over",
        "return",
        "redispatch",
        "submit",
        "verify",
        "rework",
        "close",
        "reopen",
        "supervise",
        "reclassify",
        "due_changed",
        "overdue",
    }
)
"""Entries of the main one's story that those joined to it see in their own."""
TOLD = FOLLOWED - {"verify", "overdue"}
"""Those of them that become an event: who is told of them is notifications' to say."""
MOST_JOINED = 500
"""To one request: each of its moves tells all of them in its own transaction. Our own estimate."""


class MainEnded(Conflict):
    """Params: state_zh, state_en."""

    type = "main-request-ended"
    zh = "那件诉求{state_zh}，不能再并入；请单独提交。"
    en = "That request is {state_en} and takes no others in; file yours by itself."


class TooManyJoined(Conflict):
    """Params: most."""

    type = "too-many-joined"
    zh = "一件诉求最多并入 {most} 件（含随之并入的），那件诉求已无法再并入；请单独办理。"
    en = "A request takes in {most} others at most, with those that come along; let this one go on by itself."


class SeparationWindowClosed(Conflict):
    type = "separation-window-closed"
    zh = "并案已超过 {days} 天：请等主诉求办结后再申请单独办理。"
    en = (
        "It was joined more than {days} days ago: it can be separated again when the other request has ended."
    )


class NotEndedYet(Conflict):
    type = "main-request-not-ended"
    zh = "并入的诉求还在办理，办结后才能评价。"
    en = "The request that it was joined to is still worked on; it can be rated once that has ended."


class RatedAlready(Conflict):
    type = "rated-already"
    zh = "您已评价过这次办理结果。"
    en = "What came of it has been rated already."


def check_main(main: Life) -> None:
    """Raises MainEnded where it takes no others in."""
    if main.history or main.state not in GOING_ON:
        raise MainEnded(
            state_zh=name("request_state", main.state, "zh"), state_en=name("request_state", main.state, "en")
        )


def check_room(joined: int) -> None:
    """`joined` is how many the main one would have. Raises TooManyJoined."""
    if joined > MOST_JOINED:
        raise TooManyJoined(field="of", most=MOST_JOINED)


def move_along(life: Life, *, of: UUID) -> Life:
    """The main one was joined to `of`, or withdrawn with `of` in its place."""
    return moved(life, Move.MOVE_ALONG, duplicate_of=of)


def check_separation(main: Life, *, joined: datetime, at: datetime, days: int, reopen_days: int) -> None:
    """A resident disagrees: within `days` of joining, and again when the main one has ended, as long as it could be
    reopened. Raises SeparationWindowClosed.
    """
    if at <= joined + timedelta(days=days):
        return
    if main.state in ENDED and (main.closed is None or at <= main.closed + timedelta(days=reopen_days)):
        return
    raise SeparationWindowClosed(days=days)


def alone(life: Life, move: Move, *, handle: Limit, accept: Limit) -> Life:
    """By SEPARATE or PROMOTE: as if it was filed now; its number, words and story stay."""
    return moved(
        life,
        move,
        duplicate_of=None,
        handle=handle,
        handle_overdue=None,
        step=accept,
        worker=None,
        accepted=None,
        dispatched=None,
        handled=None,
        closed=None,
        returns=0,
        reworks=0,
        head_decides=False,
        reason=None,
        outcome=None,
        within_limit=None,
        working_minutes=None,
        rating=None,
        supervised=None,
        supervision_reason=None,
    )


def rate_joined(life: Life, rating: Rating, *, main: Life, rated: datetime | None) -> Life:
    """Its resident's own answer to what came of it, once for each time that the main one ended.

    `rated` is when this resident rated it last. Raises NotEndedYet, RatedAlready, IllegalRequestMove.
    """
    if Move.RATE_JOINED in allowed_moves(life):
        if main.state not in ENDED:
            raise NotEndedYet
        if life.rating is not None and rated is not None and (main.closed is None or rated >= main.closed):
            raise RatedAlready
    return moved(life, Move.RATE_JOINED, rating=rating)
