"""Every read of hot spots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.duplicates.tables import RequestFingerprint, RequestUnprinted
from services.intake.hot_spots.rules import Heat, State, Terms
from services.intake.hot_spots.tables import HotSpot, HotSpotMember, HotSpotProgress, HotSpotVote
from services.intake.requests.rules import State as RequestState
from services.intake.requests.tables import Request
from shared.refusals import NotFound

# A weight below 2^-1000 would be an error of the database, not nought.
_LAST = UUID(int=2**128 - 1)
_WEIGHT = (
    "power(0.5, least(1000, greatest(0, extract(epoch FROM $2::timestamptz - {at})::float8 / $3::float8)))"
)
_MEASURED = f"""
WITH said AS MATERIALIZED (
    SELECT member.hot_spot, request.resident, request.filed, request.category, request.grid, request.place,
           {_WEIGHT.format(at="request.filed")} AS weight
    FROM hot_spot_member member JOIN request ON request.id = member.request
    WHERE member.hot_spot = ANY($1::uuid[]) AND request.state <> '{RequestState.WITHDRAWN}'
), requests AS (
    SELECT hot_spot, count(*) AS requests, sum(weight) AS everything, min(filed) AS first, max(filed) AS last,
           mode() WITHIN GROUP (ORDER BY category) AS category, mode() WITHIN GROUP (ORDER BY grid) AS grid,
           mode() WITHIN GROUP (ORDER BY place) AS place
    FROM said GROUP BY hot_spot
), resident AS MATERIALIZED (
    SELECT hot_spot, resident, max(weight) AS weight FROM said GROUP BY hot_spot, resident
), people AS (
    SELECT hot_spot, count(*) AS residents, sum(weight) AS people FROM resident GROUP BY hot_spot
), voters AS (
    SELECT hot_spot, count(*) AS voters, sum({_WEIGHT.format(at="at")}) AS votes FROM hot_spot_vote vote
    WHERE hot_spot = ANY($1::uuid[]) AND NOT EXISTS (
        SELECT FROM resident WHERE resident.hot_spot = vote.hot_spot AND resident.resident = vote.resident
    )
    GROUP BY hot_spot
)
SELECT hot_spot, coalesce(requests, 0) AS requests, coalesce(everything, 0) AS everything, first, last,
       category, grid, place, coalesce(residents, 0) AS residents, coalesce(people, 0) AS people,
       coalesce(voters, 0) AS voters, coalesce(votes, 0) AS votes
FROM unnest($1::uuid[]) AS sought (hot_spot)
LEFT JOIN requests USING (hot_spot) LEFT JOIN people USING (hot_spot) LEFT JOIN voters USING (hot_spot)
"""  # noqa: S608 - made of the constants above


class HotSpotNotFound(NotFound):
    type = "hot-spot-not-found"
    zh = "没有这个热点。"
    en = "There is no such hot spot."


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; None does not narrow."""

    state: State | None = None
    grid: UUID | None = None
    category: str | None = None
    """Also the categories below it."""


class Measured(NamedTuple):
    heat: Heat
    category: str | None
    grid: UUID | None
    place: str | None
    """The commonest of its requests each, of several the smallest; None where none has any."""
    first: datetime | None
    last: datetime | None
    """When the first and the last was filed; None where all were taken back."""


async def one(session: AsyncSession, id: UUID, *, for_update: bool = False) -> HotSpot:
    """Raises HotSpotNotFound."""
    statement = select(HotSpot).where(HotSpot.id == id)
    if for_update:
        statement = statement.with_for_update(key_share=True)
    row = await session.scalar(statement)
    if row is None:
        raise HotSpotNotFound
    return row


async def listing(
    session: AsyncSession, narrowed: Filter, *, after: tuple[int, UUID] | None, limit: int
) -> Sequence[HotSpot]:
    """The hottest first."""
    statement = select(HotSpot).where(or_(HotSpot.requests > 0, HotSpot.votes > 0))
    if narrowed.state is not None:
        statement = statement.where(HotSpot.state == narrowed.state.value)
    if narrowed.grid is not None:
        statement = statement.where(HotSpot.grid == narrowed.grid)
    if narrowed.category is not None:
        statement = statement.where(HotSpot.category.between(narrowed.category, narrowed.category + "9999"))
    if after is not None:
        statement = statement.where(tuple_(HotSpot.heat, HotSpot.id) < after)
    ordered = statement.order_by(HotSpot.heat.desc(), HotSpot.id.desc()).limit(limit)
    return (await session.scalars(ordered)).all()


async def locked(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[HotSpot]:
    """For a change, in the order of their ids."""
    statement = select(HotSpot).where(HotSpot.id.in_(ids)).order_by(HotSpot.id)
    return (await session.scalars(statement.with_for_update(key_share=True))).all()


async def measured(
    session: AsyncSession, ids: Sequence[UUID], terms: Terms, now: datetime
) -> Mapping[UUID, Measured]:
    """Each of these hot spots as of now. Requests that were taken back count no more.

    Counted where the rows are: a hot spot of ten thousand requests is measured after every hundred new ones.
    """
    connection = await session.connection()
    half_life = timedelta(days=terms.half_life_days).total_seconds()
    rows = await connection.exec_driver_sql(_MEASURED, (list(ids), now, half_life))
    return {
        row.hot_spot: Measured(
            Heat(
                people=row.people,
                repeats=max(0.0, row.everything - row.people),
                votes=row.votes,
                requests=row.requests,
                residents=row.residents,
                voters=row.voters,
            ),
            *(row.category, row.grid, row.place, row.first, row.last),
        )
        for row in rows
    }


async def requests_of(
    session: AsyncSession, id: UUID, *, before: UUID | None, limit: int
) -> Sequence[Request]:
    """The requests behind a hot spot, the latest first."""
    statement = (
        select(Request)
        .join(HotSpotMember, HotSpotMember.request == Request.id)
        .where(HotSpotMember.hot_spot == id)
    )
    if before is not None:
        statement = statement.where(HotSpotMember.request < before)
    return (await session.scalars(statement.order_by(HotSpotMember.request.desc()).limit(limit))).all()


async def places_of(session: AsyncSession, requests: Sequence[UUID]) -> Mapping[UUID, UUID]:
    """The hot spots that these requests belong to."""
    rows = await session.execute(
        select(HotSpotMember.request, HotSpotMember.hot_spot).where(HotSpotMember.request.in_(requests))
    )
    return {row.request: row.hot_spot for row in rows}


async def filed_in(session: AsyncSession, id: UUID, resident: UUID) -> bool:
    """Whether a request of it is the resident's, and was not taken back."""
    found = await session.scalar(
        select(HotSpotMember.request)
        .join(Request, Request.id == HotSpotMember.request)
        .where(
            HotSpotMember.hot_spot == id,
            Request.resident == resident,
            Request.state != RequestState.WITHDRAWN.value,
        )
        .limit(1)
    )
    return found is not None


async def progress(session: AsyncSession) -> UUID:
    """Up to which request the job has looked."""
    at: UUID | None = await session.scalar(select(HotSpotProgress.request))
    return at or UUID(int=0)


async def next_requests(
    session: AsyncSession, after: UUID, *, filed_before: datetime, count: int
) -> Sequence[Any]:
    """Requests with a fingerprint in the order of filing: (request, sketch). None behind one that still waits for its
    fingerprint, which would be passed over."""
    first = select(RequestUnprinted.request).order_by(RequestUnprinted.request).limit(1).scalar_subquery()
    rows = await session.execute(
        select(Request, RequestFingerprint.sketch)
        .join(RequestFingerprint, RequestFingerprint.request == Request.id)
        .where(RequestFingerprint.request > after, Request.filed < filed_before)
        .where(RequestFingerprint.request < func.coalesce(first, _LAST))
        .order_by(RequestFingerprint.request)
        .limit(count)
    )
    return rows.all()


async def to_measure(session: AsyncSession, *, before: datetime, count: int) -> Sequence[UUID]:
    """Hot spots that are warm and were measured last before, and those whose numbers are stale."""
    old = (HotSpot.heat > 0) & (HotSpot.measured < before)
    statement = select(HotSpot.id).where(or_(HotSpot.stale, old))
    return (await session.scalars(statement.order_by(HotSpot.id).limit(count))).all()


async def votes_of(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[HotSpotVote]:
    statement = select(HotSpotVote).where(HotSpotVote.resident.in_(residents)).order_by(HotSpotVote.at)
    return (await session.scalars(statement)).all()
