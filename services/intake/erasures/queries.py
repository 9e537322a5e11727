"""Every read of erasures, and the look at what is left of an erased record."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.erasures.rules import Remains
from services.intake.erasures.tables import Erasure
from services.intake.residents.rules import FIELDS
from services.intake.residents.tables import Resident, ResidentIndex, ResidentKey, ResidentReference
from shared.refusals import NotFound


class NotErased(NotFound):
    type = "not-erased"
    zh = "该编号没有删除记录。"
    en = "Nothing with this id was erased."


async def one(session: AsyncSession, resident: UUID) -> Erasure:
    """Raises NotErased."""
    row = await session.get(Erasure, resident)
    if row is None:
        raise NotErased
    return row


async def listing(session: AsyncSession, *, before: UUID | None, limit: int) -> Sequence[Erasure]:
    """The latest first, from below that of `before` on."""
    statement = select(Erasure)
    if before is not None:
        last = await one(session, before)
        statement = statement.where(
            or_(Erasure.at < last.at, (Erasure.at == last.at) & (Erasure.resident < before))
        )
    return (
        await session.scalars(statement.order_by(Erasure.at.desc(), Erasure.resident.desc()).limit(limit))
    ).all()


async def remains(session: AsyncSession, resident: UUID) -> Remains:
    """Looked for now, in the tables themselves."""
    keys = select(func.count()).select_from(ResidentKey).where(ResidentKey.resident == resident)
    indexes = select(func.count()).select_from(ResidentIndex).where(ResidentIndex.resident == resident)
    references = (
        select(func.count()).select_from(ResidentReference).where(ResidentReference.resident == resident)
    )
    row = await session.get(Resident, resident)
    return Remains(
        keys=await session.scalar(keys) or 0,
        indexes=await session.scalar(indexes) or 0,
        references=await session.scalar(references) or 0,
        fields=0 if row is None else sum(getattr(row, name) is not None for name in (*FIELDS, "gender")),
    )
