"""Cases over HTTP: reading them. The moves are in `moving`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.access import require_own
from services.casework.cases import queries, wire
from services.casework.cases.queries import CaseFilter
from services.casework.cases.rules import CaseState, UnknownCase
from services.casework.policies.rules import AssignmentPolicy, Policies
from services.casework.workers.queries import absent_on, own_worker, worker
from services.casework.workers.rules import NotAWorker, NotYours, UnknownWorker
from shared.calendar import SHANGHAI
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, provided, refuses

router = APIRouter(tags=["cases"])
Numbers = Annotated[Policies, provided(Policies)]


@router.get("/v1/cases", responses=refuses(NotAWorker))
async def list_cases(
    *,
    call: Annotated[Call, permit("cases:read")],
    mine: bool = False,
    assignee: UUID | None = None,
    state: Annotated[list[CaseState], Query(max_length=6)] = [],  # noqa: B006 - FastAPI copies it
    waiting: bool | None = None,
    grid: UUID | None = None,
    overdue: bool = False,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[wire.CaseLine]:
    """By due time. `mine`: the caller's own; `waiting`: with nobody yet; `overdue`: the due time is past."""
    after = cursor.take(datetime, UUID) if cursor else None
    async with call.transaction() as session:
        if mine:
            assignee = await own_worker(session, call.principal.subject)
        wanted = CaseFilter(
            worker=assignee,
            states=frozenset(state),
            waiting=waiting,
            grid=grid,
            due_before=call.now if overdue else None,
        )
        rows = await queries.page(session, wanted, after=after, limit=limit + 1)
    return page(rows, limit, item=wire.line, position=lambda row: (row.due, row.id))


@router.get("/v1/cases/{id}", responses=refuses(UnknownCase))
async def see_case(id: UUID, call: Annotated[Call, permit("cases:read")]) -> wire.CaseView:
    """One case. The id is that of its request."""
    async with call.transaction() as session:
        case = await queries.case(session, id)
        offered = await queries.pending_transfer(session, id)
    call.etag(case.version)
    return wire.view(case, offered)


@router.get("/v1/cases/{id}/story", responses=refuses(UnknownCase))
async def tell_story(id: UUID, call: Annotated[Call, permit("cases:read")]) -> wire.Story:
    """All that happened to a case, in order, with what came too late to change anything."""
    async with call.transaction() as session:
        case = await queries.case(session, id)
        rows = await queries.story(session, id)
    lines = [wire.story_line(row, call.language) for row in rows]
    return wire.Story(case=id, reference=case.reference, lines=lines)


@router.get("/v1/day", responses=refuses(NotAWorker))
async def see_own_day(call: Annotated[Call, permit("day:read")], policies: Numbers) -> wire.WorkDay:
    """The caller's own day."""
    async with call.transaction() as session:
        own = await own_worker(session, call.principal.subject)
        return await _day(session, own, call.now, policies[call.tenant])


@router.get("/v1/workers/{id}/day", responses=refuses(UnknownWorker, NotAWorker, NotYours))
async def see_day(id: UUID, call: Annotated[Call, permit("day:read")], policies: Numbers) -> wire.WorkDay:
    """A worker's open cases by due time, and what colleagues offer: one's own, or for the head."""
    async with call.transaction() as session:
        await require_own(session, call.principal, id, unless="workload:read")
        return await _day(session, id, call.now, policies[call.tenant])


async def _day(session: AsyncSession, id: UUID, now: datetime, policy: AssignmentPolicy) -> wire.WorkDay:
    row = await worker(session, id)
    day = now.astimezone(SHANGHAI).date()
    cases = await queries.open_cases(session, id)
    offers = await queries.transfers_offered_to(session, id)
    return wire.WorkDay(
        worker=id,
        day=day,
        absent=id in await absent_on(session, day),
        open_minutes=row.open_minutes,
        cap_minutes=policy.cap(row.weekly_minutes),
        cases=[wire.line(each) for each in cases],
        transfers=[wire.transfer(each) for each in offers],
    )
