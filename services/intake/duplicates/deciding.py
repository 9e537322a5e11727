"""What joining, separating and following mean: the next lives, the entries of the stories, the events. Plain Python."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.intake.actor import Actor
from services.intake.duplicates.rules import joining
from services.intake.requests import deciding
from services.intake.requests.deciding import Decision, Entry, Situation
from services.intake.requests.limits import LimitKind, Limits
from services.intake.requests.rules import DuplicateOfItself, Life, Move, Rating
from shared.contracts.base import Event
from shared.contracts.intake import RequestDuplicated, RequestFollowed, RequestRated, RequestSeparated

_FOR_THE_HEAD = 2
"""Returns from which on the head decides (DOMAIN, Request)."""


class Joined(NamedTuple):
    """A request that another one goes on for."""

    request: UUID
    resident: UUID
    of: UUID


def join(
    it: Situation, main: Situation, joined: Sequence[Situation], *, at: datetime, by: Actor, limits: Limits
) -> list[Decision]:
    """`it` becomes a duplicate of `main`, and those that were joined to it go along.

    `main` is no duplicate itself. Raises DuplicateOfItself, MainEnded, IllegalRequestMove, HeadDecides.
    """
    if it.request == main.request:
        raise DuplicateOfItself(field="of")
    first = deciding.mark_duplicate(it, at, by, limits, of=main.request, chain=())
    joining.check_main(main.life)
    return [first, *_moved_along(joined, main.request, at, by)]


def separate(it: Situation, *, at: datetime, by: Actor, limits: Limits) -> Decision:
    """It stands alone again, as if filed now. Raises IllegalRequestMove."""
    return _alone(it, Move.SEPARATE, at, by, limits)


def withdraw(
    main: Situation, joined: Sequence[Situation], *, at: datetime, by: Actor, limits: Limits
) -> list[Decision]:
    """It is taken back; the oldest of those joined to it goes on, and the others are joined to that one."""
    withdrawn = deciding.withdraw(main, at, by)
    return [withdrawn, *take_over(joined, at=at, by=by, limits=limits)]


def take_over(joined: Sequence[Situation], *, at: datetime, by: Actor, limits: Limits) -> list[Decision]:
    """What they were joined to was taken back: the oldest goes on, and the others are joined to that one."""
    if not joined:
        return []
    # Ids are in the order of filing.
    heir, *others = sorted(joined, key=lambda one: one.request)
    return [_alone(heir, Move.PROMOTE, at, by, limits), *_moved_along(others, heir.request, at, by)]


def rate_joined(
    it: Situation,
    main: Life,
    *,
    at: datetime,
    by: Actor,
    rating: Rating,
    rated: datetime | None,
    own_work: bool,
) -> Decision:
    """Raises NotEndedYet, RatedAlready, IllegalRequestMove."""
    life = joining.rate_joined(it.life, rating, main=main, rated=rated)
    answers = {
        "responded": rating.responded,
        "resolved": rating.resolved,
        "satisfied": rating.satisfied,
        "excluded": rating.excluded,
        "own_work": own_work,
    }
    event = RequestRated(request=it.request, **answers, reason=rating.reason, rater=by.role)
    return _decided(it, life, Move.RATE_JOINED, event, at=at, by=by, reason=rating.reason, details=answers)


def followed(decision: Decision, joined: Iterable[Joined]) -> Iterator[Event]:
    """What those joined to a request are told of a decision about it."""
    life = decision.life
    told = [entry for entry in decision.entries if _told(entry, decision)]
    for one in joined:
        for entry in told:
            yield RequestFollowed(
                request=one.request,
                resident=one.resident,
                of=one.of,
                what=entry.entry,
                due=life.handle.due,
                outcome=life.outcome if entry.entry == Move.CLOSE else None,
                reason=entry.reason,
            )


def _told(entry: Entry, decision: Decision) -> bool:
    """Whether the resident of the other one is told of this, too: not of a step's limit, of a new category under the same
    limit, of a second return, which is for the head."""
    if entry.entry not in joining.TOLD:
        return False
    details = entry.details or {}
    match entry.entry:
        case "due_changed":
            return bool(details.get("limit") == LimitKind.HANDLE.value)
        case Move.RECLASSIFY:
            return decision.life.handle.due != decision.it.life.handle.due
        case Move.RETURN:
            return int(details.get("returns", 1)) < _FOR_THE_HEAD
        case _:
            return True


def _moved_along(joined: Iterable[Situation], of: UUID, at: datetime, by: Actor) -> list[Decision]:
    return [
        _decided(
            one,
            joining.move_along(one.life, of=of),
            Move.MOVE_ALONG,
            RequestDuplicated(request=one.request, resident=one.resident, duplicate_of=of, moved=True),
            at=at,
            by=by,
            details={"of": str(of)},
        )
        for one in joined
    ]


def _alone(it: Situation, move: Move, at: datetime, by: Actor, limits: Limits) -> Decision:
    handle = limits.start(LimitKind.HANDLE, at, it.urgency)
    accept = limits.start(LimitKind.ACCEPT, at, it.urgency)
    of = it.life.duplicate_of
    life = joining.alone(it.life, move, handle=handle, accept=accept)
    separated = RequestSeparated(
        request=it.request,
        resident=it.resident,
        of=of or it.request,
        due=handle.due,
        due_provisional=handle.provisional,
        promoted=move is Move.PROMOTE,
    )
    details = {"of": str(of), "handle_due": handle.due.isoformat()}
    return _decided(it, life, move, separated, at=at, by=by, details=details)


def _decided(
    it: Situation,
    life: Life,
    move: Move,
    event: Event,
    *,
    at: datetime,
    by: Actor,
    reason: str | None = None,
    details: Mapping[str, object],
) -> Decision:
    entry = Entry(move.value, at, by, it.life.state, life.state, reason, details)
    return Decision(it, life, (entry,), (event,))
