"""Every read of merges."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.merges.rules import MergeNotFound, Standing
from services.intake.merges.tables import ResidentMerge
from services.intake.residents.tables import Resident


async def lock(session: AsyncSession, merge: UUID) -> ResidentMerge:
    """Raises MergeNotFound."""
    row = await session.scalar(select(ResidentMerge).where(ResidentMerge.id == merge).with_for_update())
    if row is None:
        raise MergeNotFound
    return row


async def standing(session: AsyncSession, row: Resident) -> Standing:
    others = await session.scalar(select(Resident.id).where(Resident.merged_into == row.id).limit(1))
    return Standing(row.id, row.merged_into, others is not None)


async def of(session: AsyncSession, resident: UUID) -> Sequence[ResidentMerge]:
    """Merges of which the record is one side, undone ones too, the latest first."""
    statement = select(ResidentMerge).where(
        or_(ResidentMerge.kept == resident, ResidentMerge.merged == resident)
    )
    return (await session.scalars(statement.order_by(ResidentMerge.at.desc(), ResidentMerge.id))).all()
