"""For whom a resident may sign up besides themselves: minors whose guardian they are, and their household."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.guardians.queries import acts_for
from services.intake.households.queries import household_of


async def may_act_for(session: AsyncSession, acting: UUID, resident: UUID) -> bool:
    """Whether the first is a guardian of the second, or both live in one registered household."""
    if await acts_for(session, acting, resident):
        return True
    household = await household_of(session, acting)
    return household is not None and household == await household_of(session, resident)
