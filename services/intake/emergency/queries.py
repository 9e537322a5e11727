"""Every read of emergency contacts."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.emergency.tables import EmergencyContact


async def of(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[EmergencyContact]:
    """In the order in which they are called."""
    statement = select(EmergencyContact).where(EmergencyContact.resident.in_(residents))
    return (
        await session.scalars(statement.order_by(EmergencyContact.resident, EmergencyContact.place))
    ).all()
