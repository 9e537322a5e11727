"""Every read of holders that are no person."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.anonymous.rules import Complainant
from services.intake.anonymous.tables import AnonymousHolder
from shared.database import among


async def nameless(session: AsyncSession, residents: Iterable[UUID]) -> AbstractSet[UUID]:
    """Those of these that stand for nobody."""
    found = await session.scalars(
        select(AnonymousHolder.resident).where(among(AnonymousHolder.resident, residents))
    )
    return set(found)


async def complainant_of(session: AsyncSession, resident: UUID) -> Complainant:
    found = await session.scalar(
        select(AnonymousHolder.complainant).where(AnonymousHolder.resident == resident)
    )
    return Complainant.RESIDENT if found is None else Complainant(found)
