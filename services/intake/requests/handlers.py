"""What intake does when casework or notifications tell something about a request."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.desk import Desk
from services.intake.requests.actions import following, telling
from shared.contracts.casework import (
    CaseAccepted,
    CaseReturned,
    CaseSubmitted,
    CaseTransferred,
    WorkerAssigned,
    WorkerReassigned,
)
from shared.contracts.notifications import MessageDelivered, MessageFailed
from shared.messaging.envelope import Received
from shared.messaging.handlers import Handlers


def register(handlers: Handlers, desk: Desk) -> None:
    def follow(contract: type[following.E], decide: following.Decide[following.E]) -> None:
        @handlers.on_batch(contract)
        async def apply(session: AsyncSession, events: Sequence[Received[following.E]]) -> None:
            limits = await desk.limits(events[0].tenant)
            await following.follow(session, events, decide, limits)

    follow(WorkerAssigned, following.on_assigned)
    follow(WorkerReassigned, following.on_reassigned)
    follow(CaseAccepted, following.on_accepted)
    follow(CaseReturned, following.on_returned)
    follow(CaseSubmitted, following.on_submitted)
    follow(CaseTransferred, following.on_transferred)

    @handlers.on_batch(MessageDelivered)
    async def told(session: AsyncSession, events: Sequence[Received[MessageDelivered]]) -> None:
        await telling.keep(session, events)

    @handlers.on_batch(MessageFailed)
    async def not_told(session: AsyncSession, events: Sequence[Received[MessageFailed]]) -> None:
        await telling.keep(session, events)
