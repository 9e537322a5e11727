"""The routes for operating a service's messages; every service has them. A service provides one `Messaging`.

They concern the installation, not one community: only the roles operator and service get their permissions, and what
they show (ids and codes, no personal data) is of all tenants. The one exception is the district, which may have events
sent again that it missed: of one aggregate, or of a day (`shared.web.resending`).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import EVERYWHERE, scope, scope_of
from shared.messaging import dead_letters as letters
from shared.messaging.dead_letters import DeadLetter, EarlierEventsOnTheirWay, NoSuchDeadLetter
from shared.messaging.failures import DeadLetterReason, HeldState
from shared.messaging.log import EventLog, LogError
from shared.messaging.operating import state_of
from shared.messaging.replay import Selection, request_replay
from shared.security.permits import permit
from shared.web.call import Call
from shared.web.paging import Cursor, Page, cursor_query, limit_query, page
from shared.web.provided import provided
from shared.web.refusing import refuses
from shared.web.resending import REPLAY, WRITE, ReplayTooWide, RestrictedTopic, check_selection
from shared.web.wire import Model, Moment, Text

READ = "operations:read"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Messaging:
    """The service's consumer, as the routes need to know it."""

    consumer: str
    topics: Sequence[str]
    log: EventLog


class RunningReplay(Model):
    id: UUID
    consumer: str | None
    """The one that it is for; absent for a replay to everyone."""
    sent: int


class Status(Model):
    unsent: int
    """Events recorded and not yet published."""
    oldest_unsent_seconds: float | None
    lag: dict[str, int] | None
    """Records of each topic that the service has not taken yet; absent while the log does not answer."""
    held: dict[HeldState, int]
    dead: dict[DeadLetterReason, int]
    blocked_streams: int
    """Aggregates whose later events wait."""
    replays: list[RunningReplay]


class DeadLetterLine(Model):
    id: UUID
    tenant: str
    """Empty where the record has no readable envelope."""
    topic: str
    aggregate: UUID | None
    sequence: int | None
    event: UUID | None
    type: str | None
    reason: DeadLetterReason
    error: str | None
    attempts: int
    held_at: datetime
    partition: int
    offset: int
    waiting: int
    """Later events of the same aggregate that wait behind it."""


class Header(Model):
    name: str
    value: str


class DeadLetterContent(Model):
    letter: DeadLetterLine
    headers: list[Header]
    value: str


class Done(Model):
    id: UUID


class Replay(Model):
    """Selects the events that fit all that is given."""

    from_time: Annotated[Moment | None, Field(alias="from")] = None
    """Recorded at this time or later."""
    to_time: Annotated[Moment | None, Field(alias="to")] = None
    """Recorded before this time."""
    topic: Annotated[str, Text(100)] | None = None
    type: Annotated[str, Text(100)] | None = None
    aggregate: UUID | None = None
    from_sequence: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    to_sequence: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    consumer: Annotated[str, Text(64)] | None = None
    """Send them to this consumer only, to rebuild what it keeps from events; without it to everyone."""


class ReplayRequested(Model):
    replay: UUID
    events: int
    """How many events were selected."""


router = APIRouter(prefix="/v1/operations", tags=["operations"])


@router.get("/status")
async def read_messaging_status(
    call: Annotated[Call, permit(READ)], messaging: Annotated[Messaging, provided(Messaging)]
) -> Status:
    """How messages stand: unsent, lag, held, dead."""
    async with call.database.everywhere() as session:
        state = await state_of(session, messaging.consumer)
    return Status(
        unsent=state.unsent,
        oldest_unsent_seconds=state.oldest_unsent,
        lag=await _lag(messaging),
        held=dict(state.held),
        dead=dict(state.dead),
        blocked_streams=state.blocked_streams,
        replays=[RunningReplay(id=one.id, consumer=one.consumer, sent=one.sent) for one in state.replays],
    )


@router.get("/dead-letters")
async def list_dead_letters(
    call: Annotated[Call, permit(READ)],
    messaging: Annotated[Messaging, provided(Messaging)],
    reason: DeadLetterReason | None = None,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[DeadLetterLine]:
    """Events that no attempt could apply, oldest first."""
    after = cursor.take(UUID)[0] if cursor else None
    async with call.database.everywhere() as session:
        found = await letters.dead_letters(
            session, messaging.consumer, after=after, reason=reason, limit=limit + 1
        )
    return page(found, limit, item=_line, position=lambda letter: (letter.id,))


@router.get("/dead-letters/{id}", responses=refuses(NoSuchDeadLetter))
async def read_dead_letter(
    id: UUID, call: Annotated[Call, permit(READ)], messaging: Annotated[Messaging, provided(Messaging)]
) -> DeadLetterContent:
    """One of them with its record."""
    async with call.database.everywhere() as session:
        letter, content = await letters.show(session, messaging.consumer, id)
    headers = [Header(name=name, value=value) for name, value in content.headers]
    return DeadLetterContent(letter=_line(letter), headers=headers, value=content.value)


@router.post("/dead-letters/{id}/retry", responses=refuses(NoSuchDeadLetter))
async def retry_dead_letter(
    id: UUID, call: Annotated[Call, permit(WRITE)], messaging: Annotated[Messaging, provided(Messaging)]
) -> Done:
    """Give it its attempts anew; a gap is asked for again."""

    async def action(session: AsyncSession) -> Done:
        await letters.retry(session, messaging.consumer, id, call.now)
        return Done(id=id)

    return await call.once(_everywhere(action))


@router.post("/dead-letters/{id}/drop", responses=refuses(NoSuchDeadLetter, EarlierEventsOnTheirWay))
async def drop_dead_letter(
    id: UUID, call: Annotated[Call, permit(WRITE)], messaging: Annotated[Messaging, provided(Messaging)]
) -> Done:
    """Do without it, and let the events behind it go on. Of a gap, the missing events are done without."""

    async def action(session: AsyncSession) -> Done:
        await letters.drop(session, messaging.consumer, id, call.now)
        return Done(id=id)

    return await call.once(_everywhere(action))


@router.post("/replay", status_code=202, responses=refuses(ReplayTooWide, RestrictedTopic))
async def replay_events(body: Replay, call: Annotated[Call, permit(WRITE, REPLAY)]) -> ReplayRequested:
    """Send events of this service again, as far back as its outbox reaches. Always safe.

    The district names a topic, and either an aggregate or a time range of at most 24 hours.
    """
    selection = Selection(**dict(body))
    check_selection(selection, call.principal)

    async def action(session: AsyncSession) -> ReplayRequested:
        requested = await request_replay(session, selection)
        return ReplayRequested(replay=requested.id, events=requested.events)

    return await call.once(_everywhere(action))


def _everywhere(
    action: Callable[[AsyncSession], Awaitable[T]],
) -> Callable[[AsyncSession], Awaitable[T]]:
    """The action in the scope of the infrastructure, within the caller's transaction."""

    async def within(session: AsyncSession) -> T:
        tenant = scope_of(session)
        await scope(session, EVERYWHERE)
        answer = await action(session)
        await scope(session, tenant)
        return answer

    return within


async def _lag(messaging: Messaging) -> dict[str, int] | None:
    lag = dict.fromkeys(messaging.topics, 0)
    try:
        for place, behind in (await messaging.log.lag(messaging.consumer, messaging.topics)).items():
            lag[place.topic] += behind
    except LogError:
        return None
    return lag


def _line(letter: DeadLetter) -> DeadLetterLine:
    return DeadLetterLine.model_validate({name: getattr(letter, name) for name in DeadLetter.__slots__})


__all__ = ["READ", "REPLAY", "WRITE", "Messaging", "router"]
