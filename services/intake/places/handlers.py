"""What intake does when a grid changes."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.places import actions
from shared.contracts.casework import GridChanged
from shared.messaging.envelope import Received
from shared.messaging.handlers import Handlers


def register(handlers: Handlers) -> None:
    @handlers.on(GridChanged, rebuilds=True)
    async def keep(session: AsyncSession, event: Received[GridChanged]) -> None:
        await actions.keep(session, event.data, changed=event.time)
