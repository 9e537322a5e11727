"""Joining requests, separating them, and what happens to a group when its main one is withdrawn.

Who belongs to whom changes one at a time in a community (`_hold_still`), and rows are locked in the order of their ids:
two who join A to B and B to A at once do so one after the other, and the second is refused.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.desk import Desk
from services.intake.duplicates import deciding, queries
from services.intake.duplicates.fingerprints import Fingerprint
from services.intake.duplicates.printing import print_of
from services.intake.duplicates.rules import joining
from services.intake.duplicates.rules.likeness import compare
from services.intake.duplicates.tables import RequestFingerprint
from services.intake.duplicates.terms import Terms
from services.intake.requests import deciding as requests_deciding
from services.intake.requests import queries as requests
from services.intake.requests.actions.changing import apply
from services.intake.requests.deciding import Decision, Situation
from services.intake.requests.limits import Limits
from services.intake.requests.queries import RequestNotFound
from services.intake.requests.rules import Move, Rating, State
from services.intake.requests.tables import UNFINISHED, Request
from shared.database import among, first_id, scope_of
from shared.refusals import Conflict

_STILL = "SELECT pg_advisory_xact_lock(hashtextextended('longxi.duplicates.' || $1, 0))"
# What is not recent has an id from before then: the recent ones, nearly all, are not looked at every hour.
_PAST = f"""
SELECT print.request, print.sketch FROM request_fingerprint AS print JOIN request ON request.id = print.request
WHERE print.request > $1::uuid AND print.request < $2::uuid AND request.id > $1::uuid AND request.id < $2::uuid
AND request.filed < $3 AND NOT ({UNFINISHED})
ORDER BY print.request LIMIT $4
"""  # noqa: S608 - made of a constant
_FORGET_TERMS = """
DELETE FROM request_term USING unnest($1::integer[], $2::uuid[]) AS gone (term, request)
WHERE request_term.term = gone.term AND request_term.request = gone.request
"""
_PIECE = 1000
"""Fingerprints of a person that are read at once."""
_FIRST = UUID(int=0)


class NotAlike(Conflict):
    type = "requests-not-alike"
    zh = "这两件诉求看起来不是同一件事；如确为同一件事，请联系社区工作人员并案。"
    en = "These two do not look like the same concern; if they are, ask the community to join them."


async def join(
    session: AsyncSession,
    desk: Desk,
    request: UUID,
    of: UUID,
    *,
    at: datetime,
    by: Actor,
    limits: Limits,
    resident: UUID | None = None,
    least: float | None = None,
) -> Decision:
    """Join a request to another, or to what that one is joined to; those joined to it go along. The first decision.

    `resident` narrows to that resident's own, and `least` is the score that the two must have: so nobody follows what
    is not theirs by guessing numbers. Raises RequestNotFound, NotAlike, DuplicateOfItself, MainEnded, TooManyJoined,
    IllegalRequestMove, HeadDecides.
    """
    await _hold_still(session)
    main = await queries.main_of(session, of) or of
    groups = await queries.joined_to(session, {request, main})
    joined = [one.request for one in groups if one.of == request]
    found = await requests.lock_several(session, {request, main, *joined})
    it, other = await _own(session, found, request, resident), found.get(main)
    if other is None:
        raise RequestNotFound
    if least is not None:
        await _check_alike(session, desk, request, of, least)
    decisions = deciding.join(it, other, _several(found, joined), at=at, by=by, limits=limits)
    joining.check_room(len(groups) + 1)
    await apply(session, decisions)
    return decisions[0]


async def separate(
    session: AsyncSession,
    request: UUID,
    *,
    at: datetime,
    by: Actor,
    limits: Limits,
    terms: Terms,
    resident: UUID | None = None,
    any_time: bool = False,
) -> Decision:
    """Let a joined request stand alone again. `any_time`: for who works for the community.

    Raises RequestNotFound, SeparationWindowClosed, IllegalRequestMove.
    """
    await _hold_still(session)
    main = await queries.main_of(session, request)
    found = await requests.lock_several(session, {request, *([] if main is None else [main])})
    it = await _own(session, found, request, resident)
    decision = deciding.separate(it, at=at, by=by, limits=limits)
    if main is not None and not any_time:
        joined = await queries.last_entry(session, request, Move.MARK_DUPLICATE)
        joining.check_separation(
            found[main].life,
            joined=joined or at,
            at=at,
            days=terms.separate_days,
            reopen_days=limits.terms.reopen_days,
        )
    await apply(session, [decision])
    return decision


async def withdraw(
    session: AsyncSession,
    request: UUID,
    *,
    at: datetime,
    by: Actor,
    limits: Limits,
    resident: UUID | None = None,
) -> Decision:
    """Take a request back; the oldest of those joined to it goes on for the others.

    Raises RequestNotFound, IllegalRequestMove.
    """
    await _hold_still(session)
    joined = [one.request for one in await queries.joined_to(session, [request])]
    found = await requests.lock_several(session, {request, *joined})
    it = await _own(session, found, request, resident)
    decisions = deciding.withdraw(it, _several(found, joined), at=at, by=by, limits=limits)
    await apply(session, decisions)
    return decisions[0]


async def adopt_of_parts(
    session: AsyncSession, parent: UUID, *, at: datetime, by: Actor, limits: Limits
) -> None:
    """The parts of a request went with it: those that were joined to one of them go on. Follows `withdraw`."""
    gone = await queries.withdrawn_parts(session, parent)
    joined = await queries.joined_to(session, gone) if gone else ()
    found = await requests.lock_several(session, [one.request for one in joined])
    for part in gone:
        group = _several(found, [one.request for one in joined if one.of == part])
        await apply(session, deciding.take_over(group, at=at, by=by, limits=limits))


async def rating_of(
    session: AsyncSession, it: Situation, at: datetime, by: Actor, rating: Rating, *, own_work: bool
) -> Decision:
    """The rating of a request that is locked: its own, or, where it is joined, of what came of the main one.

    Raises IllegalRequestMove, NotEndedYet, RatedAlready.
    """
    of = it.life.duplicate_of
    if it.life.state is not State.DUPLICATE or of is None:
        return requests_deciding.rate(it, at, by, rating, own_work=own_work)
    main = await requests.situation(session, of)
    rated = await queries.last_entry(session, it.request, Move.RATE_JOINED)
    return deciding.rate_joined(it, main.life, at=at, by=by, rating=rating, rated=rated, own_work=own_work)


async def forget(session: AsyncSession, prints: Mapping[UUID, Fingerprint]) -> None:
    """Destroy fingerprints with all terms that find them."""
    terms = [(term, request) for request, print in prints.items() for term in print.sought]
    connection = await session.connection()
    if terms:
        await connection.exec_driver_sql(_FORGET_TERMS, tuple(map(list, zip(*terms, strict=True))))
    if prints:
        gone = delete(RequestFingerprint).where(among(RequestFingerprint.request, prints))
        await session.execute(gone.execution_options(synchronize_session=False))


async def forget_past(
    session: AsyncSession, *, filed_before: datetime, after: UUID, count: int
) -> Sequence[UUID]:
    """Drop the fingerprints of ended requests that were filed before; from above the id `after` on, `count` at most."""
    connection = await session.connection()
    rows = (
        await connection.exec_driver_sql(_PAST, (after, first_id(filed_before), filed_before, count))
    ).all()
    await forget(session, {row.request: Fingerprint.unpacked(bytes(row.sketch)) for row in rows})
    return [row.request for row in rows]


async def prints_of(
    session: AsyncSession, residents: Sequence[UUID]
) -> AsyncIterator[Mapping[UUID, Fingerprint]]:
    """All fingerprints of these residents' requests, in pieces, in the order of their requests."""
    prints = (
        select(RequestFingerprint.request, RequestFingerprint.sketch)
        .join(Request, Request.id == RequestFingerprint.request)
        .where(among(Request.resident, residents))
        .order_by(Request.id)
        .limit(_PIECE)
    )
    after = _FIRST
    while rows := (await session.execute(prints.where(Request.id > after))).all():
        yield {row.request: Fingerprint.unpacked(row.sketch) for row in rows}
        after = rows[-1].request


async def _hold_still(session: AsyncSession) -> None:
    """Nobody else in the community joins or separates until this transaction ends."""
    connection = await session.connection()
    await connection.exec_driver_sql(_STILL, (scope_of(session),))


async def _check_alike(session: AsyncSession, desk: Desk, one: UUID, other: UUID, least: float) -> None:
    rows = [await requests.one(session, each) for each in (one, other)]
    prints = [await print_of(session, desk, row) for row in rows]
    cases = [
        queries.case_of(row, print) for row, print in zip(rows, prints, strict=True) if print is not None
    ]
    if len(cases) < 2 or compare(*cases).score < least:
        raise NotAlike(field="of")


async def _own(
    session: AsyncSession, found: Mapping[UUID, Situation], request: UUID, resident: UUID | None
) -> Situation:
    """Raises RequestNotFound where it is not there, or of another person."""
    it = found.get(request)
    if it is None:
        raise RequestNotFound
    if resident not in {None, it.resident}:
        # Of another record of the same person, perhaps.
        await requests.one(session, request, resident=resident)
    return it


def _several(found: Mapping[UUID, Situation], ids: Iterable[UUID]) -> list[Situation]:
    return [found[id] for id in ids if id in found]
