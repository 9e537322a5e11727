"""Every event that portals may hear of makes a delivery for each webhook that subscribed to it."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.telling.drafts import heard
from services.notifications.webhooks.actions import owe
from services.notifications.webhooks.rules import SUBSCRIBABLE
from shared.clock import Clock
from shared.contracts.base import Event
from shared.contracts.catalogue import BY_TYPE
from shared.messaging.culprits import each
from shared.messaging.envelope import Received
from shared.messaging.handlers import Handlers


def register(handlers: Handlers, clock: Clock) -> None:
    async def owe_deliveries(session: AsyncSession, events: Sequence[Received[Event]]) -> None:
        await owe(session, each(events, heard), clock())

    for type in sorted(SUBSCRIBABLE):
        handlers.on_batch(BY_TYPE[type])(owe_deliveries)
