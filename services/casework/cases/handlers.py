"""Events of intake that a case follows."""

from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.cases import following
from services.casework.cases.moves import NewDue, Now
from services.casework.cases.rules import Ending
from services.casework.policies.rules import Policies
from shared.clock import Clock
from shared.contracts.intake import (
    RequestAccepted,
    RequestClosed,
    RequestDueChanged,
    RequestDuplicated,
    RequestReclassified,
    RequestRedispatched,
    RequestRejected,
    RequestReopened,
    RequestReworked,
    RequestSeparated,
    RequestSupervised,
    RequestWithdrawn,
    ResidentErased,
)
from shared.database import scope_of
from shared.messaging.envelope import Received
from shared.messaging.handlers import Handlers

Moment = Callable[[AsyncSession], Now]


def register(handlers: Handlers, *, policies: Policies, clock: Clock) -> None:
    def now(session: AsyncSession) -> Now:
        return Now(clock(), policies[scope_of(session)])

    _endings(handlers, now)
    _limits(handlers, now)
    _continuations(handlers, now)

    @handlers.on(ResidentErased)
    async def erased(session: AsyncSession, event: Received[ResidentErased]) -> None:
        await following.resident_erased(session, event.data.resident, now(session))


def _endings(handlers: Handlers, now: Moment) -> None:
    @handlers.on(RequestClosed)
    async def closed(session: AsyncSession, event: Received[RequestClosed]) -> None:
        await following.request_ended(session, event.data.request, now(session), ending=Ending.CLOSED)

    @handlers.on(RequestRejected)
    async def rejected(session: AsyncSession, event: Received[RequestRejected]) -> None:
        await following.request_ended(session, event.data.request, now(session), ending=Ending.REJECTED)

    @handlers.on(RequestDuplicated)
    async def duplicated(session: AsyncSession, event: Received[RequestDuplicated]) -> None:
        # One that moved along with the request that it was joined to has had no case for a while.
        if not event.data.moved:
            await following.request_ended(session, event.data.request, now(session), ending=Ending.DUPLICATED)

    @handlers.on(RequestWithdrawn)
    async def withdrawn(session: AsyncSession, event: Received[RequestWithdrawn]) -> None:
        await following.request_ended(session, event.data.request, now(session), ending=Ending.WITHDRAWN)


def _limits(handlers: Handlers, now: Moment) -> None:
    @handlers.on_batch(RequestAccepted)
    async def accepted(session: AsyncSession, events: Sequence[Received[RequestAccepted]]) -> None:
        dues = {event.data.request: NewDue(event.data.due) for event in events}
        await following.dues_told(
            session, dues, now(session), what="request_accepted", event="request.accepted"
        )

    @handlers.on_batch(RequestSupervised)
    async def supervised(session: AsyncSession, events: Sequence[Received[RequestSupervised]]) -> None:
        dues = {event.data.request: _told(event.data) for event in events}
        await following.dues_told(session, dues, now(session), what="supervised", event="request.supervised")

    @handlers.on_batch(RequestDueChanged)
    async def due_changed(session: AsyncSession, events: Sequence[Received[RequestDueChanged]]) -> None:
        dues = {event.data.request: _told(event.data) for event in events}
        await following.dues_told(
            session, dues, now(session), what="due_changed", event="request.due_changed"
        )


def _told(data: RequestSupervised | RequestDueChanged) -> NewDue:
    return NewDue(data.due, data.due_provisional, data.reason)


def _continuations(handlers: Handlers, now: Moment) -> None:
    @handlers.on(RequestReworked)
    async def reworked(session: AsyncSession, event: Received[RequestReworked]) -> None:
        await following.request_reworked(session, event.data.request, now(session), reason=event.data.reason)

    @handlers.on(RequestReopened)
    async def reopened(session: AsyncSession, event: Received[RequestReopened]) -> None:
        data = event.data
        await following.request_reopened(
            session,
            data.request,
            now(session),
            reason=data.reason,
            due=data.due,
            provisional=data.due_provisional,
        )

    @handlers.on(RequestSeparated)
    async def separated(session: AsyncSession, event: Received[RequestSeparated]) -> None:
        data = event.data
        await following.request_separated(
            session, data.request, now(session), due=data.due, provisional=data.due_provisional
        )

    @handlers.on(RequestReclassified)
    async def reclassified(session: AsyncSession, event: Received[RequestReclassified]) -> None:
        await following.request_reclassified(session, event.data, now(session))

    @handlers.on(RequestRedispatched)
    async def redispatched(session: AsyncSession, event: Received[RequestRedispatched]) -> None:
        await following.request_redispatched(session, event.data.request, now(session), to=event.data.worker)
