"""Every read of hot spots."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.duplicates.tables import RequestFingerprint
from services.intake.hot_spots.rules import Said, State
from services.intake.hot_spots.tables import HotSpot, HotSpotMember, HotSpotProgress, HotSpotVote
from services.intake.requests.tables import Request
from shared.refusals import NotFound


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


class Member(NamedTuple):
    said: Said
    category: str | None
    grid: UUID | None
    place: str | None


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


async def members(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Member]]:
    """What each hot spot is made of; requests that were taken back count no more."""
    rows = await session.execute(
        select(
            HotSpotMember.hot_spot,
            Request.resident,
            Request.filed,
            Request.category,
            Request.grid,
            Request.place,
        )
        .join(Request, Request.id == HotSpotMember.request)
        .where(HotSpotMember.hot_spot.in_(ids), Request.state != "withdrawn")
    )
    found: dict[UUID, list[Member]] = defaultdict(list)
    for row in rows:
        found[row.hot_spot].append(Member(Said(row.resident, row.filed), row.category, row.grid, row.place))
    return found


async def votes(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Said]]:
    rows = await session.scalars(select(HotSpotVote).where(HotSpotVote.hot_spot.in_(ids)))
    found: dict[UUID, list[Said]] = defaultdict(list)
    for row in rows:
        found[row.hot_spot].append(Said(row.resident, row.at))
    return found


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


async def progress(session: AsyncSession) -> UUID:
    """Up to which request the job has looked."""
    at: UUID | None = await session.scalar(select(HotSpotProgress.request))
    return at or UUID(int=0)


async def next_requests(
    session: AsyncSession, after: UUID, *, filed_before: datetime, count: int
) -> Sequence[Any]:
    """Requests with a fingerprint in the order of filing: (request, sketch)."""
    rows = await session.execute(
        select(Request, RequestFingerprint.sketch)
        .join(RequestFingerprint, RequestFingerprint.request == Request.id)
        .where(RequestFingerprint.request > after, Request.filed < filed_before)
        .order_by(RequestFingerprint.request)
        .limit(count)
    )
    return rows.all()


async def to_measure(session: AsyncSession, *, before: datetime, count: int) -> Sequence[UUID]:
    """Hot spots that are warm, and were measured last before."""
    statement = select(HotSpot.id).where(HotSpot.heat > 0, HotSpot.measured < before)
    return (await session.scalars(statement.order_by(HotSpot.id).limit(count))).all()


async def votes_of(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[HotSpotVote]:
    statement = select(HotSpotVote).where(HotSpotVote.resident.in_(residents)).order_by(HotSpotVote.at)
    return (await session.scalars(statement)).all()
