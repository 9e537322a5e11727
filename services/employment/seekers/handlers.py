"""What is held of a resident goes when the resident is erased."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.employment.seekers import actions
from shared.clock import Clock
from shared.contracts.intake import ResidentErased
from shared.messaging.envelope import Received
from shared.messaging.handlers import Handlers


def register(handlers: Handlers, *, clock: Clock) -> None:
    @handlers.on(ResidentErased, rebuilds=True)
    async def forget(session: AsyncSession, event: Received[ResidentErased]) -> None:
        await actions.erase(session, event.data.resident, now=clock())
