"""What exports, erasures and retention ask about a person's requests."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, delete, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.requests.tables import RESTING, Request, RequestText, StoryEntry
from shared.database import among, first_id


async def all_of(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[Request]:
    """The oldest first."""
    statement = select(Request).where(Request.resident.in_(residents)).order_by(Request.id)
    return (await session.scalars(statement)).all()


async def texts_of(session: AsyncSession, requests: Sequence[UUID]) -> Mapping[UUID, RequestText]:
    rows = await session.scalars(select(RequestText).where(among(RequestText.request, requests)))
    return {row.request: row for row in rows}


async def stories(session: AsyncSession, requests: Sequence[UUID]) -> Sequence[StoryEntry]:
    statement = select(StoryEntry).where(among(StoryEntry.request, requests))
    return (await session.scalars(statement.order_by(StoryEntry.at, StoryEntry.id))).all()


async def count_of(session: AsyncSession, residents: Sequence[UUID]) -> int:
    statement = select(func.count()).select_from(Request).where(Request.resident.in_(residents))
    return await session.scalar(statement) or 0


async def filed_or_open_since(
    session: AsyncSession, residents: Sequence[UUID], moment: datetime
) -> frozenset[UUID]:
    """Residents with a request that was filed since then, closed since then, or is not finished."""
    statement = (
        select(Request.resident)
        .where(
            among(Request.resident, residents),
            or_(
                Request.filed >= moment,
                Request.closed >= moment,
                Request.state.not_in(list(map(str, RESTING))),
            ),
        )
        .distinct()
    )
    return frozenset((await session.scalars(statement)).all())


async def count_words_before(session: AsyncSession, moment: datetime) -> int:
    """Requests that were finished before the moment and still have their words."""
    return await session.scalar(select(func.count()).select_from(_past(moment).subquery())) or 0


async def words_before(session: AsyncSession, moment: datetime, *, count: int) -> Sequence[UUID]:
    """Up to `count` of them."""
    past = _past(moment).subquery()
    return (await session.scalars(select(past.c.request).limit(count))).all()


async def drop_words(session: AsyncSession, requests: Sequence[UUID], moment: datetime) -> Sequence[UUID]:
    """Delete the words of those of these requests that were finished before the moment, and still are; which they were."""
    finished = select(Request.id).where(among(Request.id, requests), _finished(moment))
    result = await session.execute(
        delete(RequestText)
        .where(RequestText.request.in_(finished))
        .returning(RequestText.request)
        .execution_options(synchronize_session=False)
    )
    return [row.request for row in result]


def _past(moment: datetime) -> CompoundSelect[tuple[UUID]]:
    """What was finished before the moment was filed before it: its id ends the search, so that the younger ones, nearly
    all, are not looked at. Records of the past have new ids, and an index of their own."""
    words = select(RequestText.request).join(Request, Request.id == RequestText.request)
    first = first_id(moment)
    # On both sides, so that it ends the search on whichever PostgreSQL begins.
    old = (RequestText.request < first) & (Request.id < first)
    recorded = Request.history & (Request.filed < moment) & (Request.id >= first)
    return union_all(words.where(old, _finished(moment)), words.where(recorded, _finished(moment)))


def _finished(moment: datetime) -> ColumnElement[bool]:
    return (
        Request.state.in_(list(map(str, RESTING)))
        & ~Request.handle_open
        & (func.coalesce(Request.closed, Request.filed) < moment)
    )
