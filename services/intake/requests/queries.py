"""Every read of requests. Their words are read through `actions.reading`, which records it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.guardians.queries import within_reach
from services.intake.requests.deciding import Situation
from services.intake.requests.lives import life_of
from services.intake.requests.rules import Move, State
from services.intake.requests.tables import RESTING, UNFINISHED, Request, RequestText, StoryEntry, Telling
from services.intake.residents.queries import of_same_person
from shared.contracts.intake import Urgency
from shared.database import among
from shared.refusals import NotFound


class RequestNotFound(NotFound):
    type = "request-not-found"
    zh = "没有这件诉求，请核对编号。"
    en = "There is no such request; check the number."


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; None does not narrow."""

    state: State | None = None
    grid: UUID | None = None
    category: str | None = None
    """Also the categories below it."""
    resident: UUID | None = None
    source: str | None = None
    worker: UUID | None = None
    overdue: bool | None = None
    supervised: bool | None = None
    """Marked (督办) and open to handle."""


async def lock(session: AsyncSession, request: UUID, *, resident: UUID | None = None) -> Situation:
    """The request, for a change. `resident` narrows to that resident's own. Raises RequestNotFound.

    Its key is not locked (FOR NO KEY UPDATE), so that a part may write into the story of a parent that is being moved.
    """
    row = await session.scalar(
        _within_reach(resident).where(Request.id == request).with_for_update(key_share=True)
    )
    if row is None:
        raise RequestNotFound
    return _situation(row)


async def lock_several(session: AsyncSession, requests: Iterable[UUID]) -> Mapping[UUID, Situation]:
    """Those that exist, for a change; locked in the order of their ids, so that batches do not deadlock."""
    rows = await session.scalars(
        select(Request)
        .where(among(Request.id, requests))
        .order_by(Request.id)
        .with_for_update(key_share=True)
    )
    return {row.id: _situation(row) for row in rows}


async def one(session: AsyncSession, request: UUID | str, *, resident: UUID | None = None) -> Request:
    """By id or by reference number. `resident` narrows to that resident's own. Raises RequestNotFound."""
    key = Request.id == request if isinstance(request, UUID) else Request.reference == request
    row = await session.scalar(_within_reach(resident).where(key))
    if row is None:
        raise RequestNotFound
    return row


async def situation(session: AsyncSession, request: UUID) -> Situation:
    """The request as it stands, not locked. Raises RequestNotFound."""
    return _situation(await one(session, request))


async def text_of(session: AsyncSession, request: UUID) -> RequestText:
    found = await session.scalar(select(RequestText).where(RequestText.request == request))
    if found is None:
        raise RequestNotFound
    return found


async def text_if_kept(session: AsyncSession, request: UUID) -> RequestText | None:
    """None where the words are past their time and gone (`retention`)."""
    found: RequestText | None = await session.scalar(
        select(RequestText).where(RequestText.request == request)
    )
    return found


async def listing(
    session: AsyncSession, narrowed: Filter, *, before: UUID | None, limit: int
) -> Sequence[Request]:
    """The latest first, from below id `before` on."""
    statement = _narrowed(narrowed.resident)
    equal: dict[Any, Any] = {
        Request.state: None if narrowed.state is None else narrowed.state.value,
        Request.grid: narrowed.grid,
        Request.source: narrowed.source,
        Request.worker: narrowed.worker,
    }
    for column, value in equal.items():
        if value is not None:
            statement = statement.where(column == value)
    if narrowed.state is not None and narrowed.state not in RESTING:
        statement = statement.where(text(UNFINISHED))
    if narrowed.category is not None:
        # A code's children begin with it and go on with digits; a range can use the index in any collation.
        statement = statement.where(Request.category.between(narrowed.category, narrowed.category + "9999"))
    if narrowed.overdue is not None:
        late = or_(
            Request.handle_overdue.is_not(None) & Request.handle_open, Request.step_overdue.is_not(None)
        )
        statement = statement.where(late if narrowed.overdue else ~late)
    if narrowed.supervised is not None:
        marked = Request.supervised.is_not(None) & Request.handle_open
        statement = statement.where(marked if narrowed.supervised else ~marked)
    if before is not None:
        statement = statement.where(Request.id < before)
    return (await session.scalars(statement.order_by(Request.id.desc()).limit(limit))).all()


async def story(session: AsyncSession, request: UUID) -> Sequence[StoryEntry]:
    statement = select(StoryEntry).where(StoryEntry.request == request)
    return (await session.scalars(statement.order_by(StoryEntry.at, StoryEntry.id))).all()


async def worked_on(session: AsyncSession, request: UUID, subject: str) -> bool:
    """Whether this account verified or closed the request."""
    statement = select(StoryEntry.id).where(
        StoryEntry.request == request,
        StoryEntry.actor == subject,
        StoryEntry.entry.in_((Move.VERIFY.value, Move.CLOSE.value)),
    )
    return (await session.scalar(statement.limit(1))) is not None


async def filing_of(session: AsyncSession, request: UUID) -> StoryEntry | None:
    """The first entry of a story: who filed it, by which channel, for whom."""
    statement = select(StoryEntry).where(StoryEntry.request == request, StoryEntry.entry == "filed")
    entry: StoryEntry | None = await session.scalar(statement.order_by(StoryEntry.id).limit(1))
    return entry


async def tellings(session: AsyncSession, request: UUID) -> Sequence[Telling]:
    statement = select(Telling).where(Telling.request == request)
    return (await session.scalars(statement.order_by(Telling.at, Telling.message))).all()


async def duplicate_chain(session: AsyncSession, request: UUID) -> Sequence[UUID]:
    """What a request is a duplicate of, what that is a duplicate of, and so on. Raises RequestNotFound."""
    chain: list[UUID] = []
    at = await one(session, request)
    while at.duplicate_of is not None and at.duplicate_of not in chain:
        chain.append(at.duplicate_of)
        at = await one(session, at.duplicate_of)
    return chain


async def with_limit_overdue(session: AsyncSession, now: datetime, *, count: int) -> Sequence[Situation]:
    """Requests of which a limit has ended that is not marked yet, locked; others' locks are passed over."""
    handling = Request.handle_open & (Request.handle_due < now) & Request.handle_overdue.is_(None)
    step = Request.step.is_not(None) & (Request.step_due < now) & Request.step_overdue.is_(None)
    statement = select(Request).where(or_(handling, step)).limit(count).with_for_update(skip_locked=True)
    return [_situation(row) for row in await session.scalars(statement)]


async def with_open_limit(session: AsyncSession, *, after: UUID | None, count: int) -> Sequence[Situation]:
    """Requests with a running limit in the order of their ids, locked, from above `after` on."""
    statement = select(Request).where(or_(Request.handle_open, Request.step.is_not(None)))
    if after is not None:
        statement = statement.where(Request.id > after)
    rows = await session.scalars(statement.order_by(Request.id).limit(count).with_for_update())
    return [_situation(row) for row in rows]


def _narrowed(resident: UUID | None) -> Select[Request]:
    """To a person's, on whichever of their records they were filed."""
    statement = select(Request)
    return statement if resident is None else statement.where(of_same_person(Request.resident, resident))


def _within_reach(own: UUID | None) -> Select[Request]:
    """To a resident's own and those of minors whose guardian they are."""
    statement = select(Request)
    return statement if own is None else statement.where(within_reach(Request.resident, own))


def _situation(row: Request) -> Situation:
    return Situation(row.id, row.resident, Urgency(row.urgency), life_of(row), row.category, row.parent)
