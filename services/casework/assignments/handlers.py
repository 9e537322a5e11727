"""New requests, by the batch."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.assignments import actions
from services.casework.policies.rules import Policies
from shared.clock import Clock
from shared.contracts.intake import RequestFiled
from shared.database import scope_of
from shared.messaging.envelope import Received
from shared.messaging.handlers import Handlers


def register(handlers: Handlers, *, policies: Policies, clock: Clock) -> None:
    @handlers.on_batch(RequestFiled)
    async def assign(session: AsyncSession, events: Sequence[Received[RequestFiled]]) -> None:
        """Records of the past (`history`) are nobody's work."""
        filed = [actions.Filed(event.data, event.envelope) for event in events if not event.data.history]
        if filed:
            await actions.assign_filed(session, filed, policy=policies[scope_of(session)], now=clock())
