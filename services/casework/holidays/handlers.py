"""The district's notices."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.holidays import actions
from shared.clock import Clock
from shared.contracts.district import HolidayChanged
from shared.messaging.envelope import Received
from shared.messaging.handlers import Handlers


def register(handlers: Handlers, *, clock: Clock) -> None:
    @handlers.on(HolidayChanged, rebuilds=True)
    async def changed(session: AsyncSession, event: Received[HolidayChanged]) -> None:
        await actions.keep(session, event.data, clock())
