"""Reading requests: one, many, and the story of one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.desk import Desk
from services.intake.duplicates.queries import followed_by
from services.intake.guardians.queries import acts_for
from services.intake.requests import queries
from services.intake.requests.actions.reading import words_of
from services.intake.requests.queries import Filter, RequestNotFound
from services.intake.requests.reference import WrongReference, parse
from services.intake.requests.routes.schemas import RequestLine, RequestRecord, Story
from services.intake.requests.routes.showing import (
    due_changes,
    entry_line,
    followed_line,
    line,
    record,
    told,
)
from services.intake.requests.rules import State
from services.intake.requests.tables import Request
from services.intake.residents.actions import Reading
from services.intake.wire import Purpose, UnknownCode, purpose_of
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, provided, refuses

router = APIRouter()


@router.get("/v1/requests", responses={304: {"description": "Not Modified"}, **refuses(RequestNotFound)})
async def list_requests(
    call: Annotated[Call, permit("requests:read")],
    *,
    state: State | None = None,
    grid: UUID | None = None,
    category: Annotated[str | None, Query(pattern=r"^(\d{2}){1,3}$")] = None,
    resident: UUID | None = None,
    source: Annotated[str | None, Query(max_length=32)] = None,
    worker: UUID | None = None,
    overdue: bool | None = None,
    supervised: bool | None = None,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[RequestLine]:
    """Requests, the latest first: codes and times, no words. A resident sees their own, and with `resident` those of a
    minor whose guardian they are."""
    own = own_resident(call.principal)
    if own is not None and resident is not None:
        async with call.transaction() as session:
            own = resident if await acts_for(session, own, resident) else own
    narrowed = Filter(
        state=state,
        grid=grid,
        category=category,
        resident=own or resident,
        source=source,
        worker=worker,
        overdue=overdue,
        supervised=supervised,
    )
    before = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        rows = await queries.listing(session, narrowed, before=before, limit=limit + 1)
    # Whoever polls and has seen just these is told that nothing changed. A passed limit is no new version.
    call.weak_etag(*((row.id, row.version, row.handle_overdue, row.step_overdue) for row in rows))
    return page(rows, limit, item=lambda row: line(row, call.language), position=lambda row: (row.id,))


@router.get(
    "/v1/requests/{request}",
    responses=refuses(RequestNotFound, WrongReference, UnknownCode),
)
async def read_request(
    request: Annotated[str, "Id, or the reference number in any spelling"],
    call: Annotated[Call, permit("requests:read")],
    desk: Annotated[Desk, provided(Desk)],
    purpose: Purpose = None,
) -> RequestRecord:
    """A request with its words. The read is recorded, and the resident sees it."""
    own = own_resident(call.principal)
    stated = purpose_of(purpose, "own_access" if own else "handle_request")
    reading = Reading(actor_of(call.principal), stated, call.now)
    limits = await desk.limits(call.tenant)
    async with call.transaction() as session:
        row = await _find(session, request, own)
        call.etag(row.version)  # whoever has this version already is shown nothing, and reads nothing
        words = await words_of(session, desk.keys, row, reading)
        filing = await queries.filing_of(session, row.id)
    return record(row, words, filing, limits, call.language)


@router.get("/v1/requests/{request}/story", responses=refuses(RequestNotFound, WrongReference))
async def read_story(
    request: Annotated[str, "Id, or the reference number in any spelling"],
    call: Annotated[Call, permit("requests:read")],
) -> Story:
    """All that happened to a request: each move with its time and reason, who was told, what changed its limits."""
    async with call.transaction() as session:
        row = await _find(session, request, own_resident(call.principal))
        entries = await queries.story(session, row.id)
        tellings = await queries.tellings(session, row.id)
        beside = await followed_by(session, entries)
    call.weak_etag(
        *(entry.id for entry in [*entries, *beside]), *((each.message, each.state) for each in tellings)
    )
    lines = [entry_line(entry, call.language) for entry in entries]
    lines += [followed_line(entry, lines, call.language) for entry in beside]
    # A message does not move a request, so it stands with the state that it was in at the time.
    lines += [told(telling, lines, call.language) for telling in tellings]
    return Story(
        id=row.id,
        reference=row.reference,
        state=State(row.state),
        due=row.handle_due,
        due_provisional=row.handle_provisional,
        due_changes=due_changes(lines),
        entries=sorted(lines, key=lambda line: line.at),
    )


async def _find(session: AsyncSession, given: str, own: UUID | None) -> Request:
    """By id or reference number. Raises RequestNotFound, WrongReference."""
    try:
        key: UUID | str = UUID(given)
    except ValueError:
        key = parse(given)
    return await queries.one(session, key, resident=own)
