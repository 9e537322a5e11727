"""Every read of parts."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.requests.parts.rules import OpenPart
from services.intake.requests.rules import State
from services.intake.requests.tables import RESTING, Request


async def parts_of(session: AsyncSession, parent: UUID) -> Sequence[Request]:
    """All of them, oldest first; at most `MOST_PARTS`."""
    return (await session.scalars(select(Request).where(Request.parent == parent).order_by(Request.id))).all()


async def count_of(session: AsyncSession, parent: UUID) -> int:
    statement = select(func.count()).select_from(Request).where(Request.parent == parent)
    return await session.scalar(statement) or 0


async def open_parts(session: AsyncSession, parent: UUID) -> Sequence[OpenPart]:
    """Those that have not ended, oldest first."""
    rows = await session.execute(
        select(Request.id, Request.reference)
        .where(Request.parent == parent, Request.state.not_in(RESTING))
        .order_by(Request.id)
    )
    return [OpenPart(row.id, row.reference) for row in rows]


async def state_of(session: AsyncSession, request: UUID) -> State:
    """As it is at this moment; not locked, or a part that closes could wait for a parent that waits for it."""
    return State((await session.execute(select(Request.state).where(Request.id == request))).scalar_one())
