"""What exports, erasures and retention ask about a person's requests."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.requests.tables import RESTING, Request, RequestText, StoryEntry


async def all_of(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[Request]:
    """The oldest first."""
    statement = select(Request).where(Request.resident.in_(residents)).order_by(Request.id)
    return (await session.scalars(statement)).all()


async def texts_of(session: AsyncSession, requests: Sequence[UUID]) -> Mapping[UUID, RequestText]:
    rows = await session.scalars(select(RequestText).where(RequestText.request.in_(requests)))
    return {row.request: row for row in rows}


async def stories(session: AsyncSession, requests: Sequence[UUID]) -> Sequence[StoryEntry]:
    statement = select(StoryEntry).where(StoryEntry.request.in_(requests))
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
            Request.resident.in_(residents),
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
    statement = select(func.count()).select_from(RequestText).join(Request, Request.id == RequestText.request)
    return await session.scalar(statement.where(_finished(moment))) or 0


async def drop_words_before(session: AsyncSession, moment: datetime, *, count: int) -> Sequence[UUID]:
    """Delete the words of up to `count` of them; their requests."""
    some = (
        select(RequestText.request)
        .join(Request, Request.id == RequestText.request)
        .where(_finished(moment))
        .order_by(RequestText.request)
        .limit(count)
    )
    result = await session.execute(
        delete(RequestText)
        .where(RequestText.request.in_(some))
        .returning(RequestText.request)
        .execution_options(synchronize_session=False)
    )
    return [row.request for row in result]


def _finished(moment: datetime) -> ColumnElement[bool]:
    return (
        Request.state.in_(list(map(str, RESTING)))
        & ~Request.handle_open
        & (func.coalesce(Request.closed, Request.filed) < moment)
    )
