"""Workers over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.access import require_own
from services.casework.cases.queries import count_waiting
from services.casework.policies.rules import Policies
from services.casework.workers import actions, loads, queries, wire
from services.casework.workers.personal import CONTACT, NAME, Reading, note_reading, open_sealed
from services.casework.workers.rules import (
    AbsenceOverlaps,
    AccountTaken,
    HasOpenCases,
    NotAWorker,
    NotYours,
    OwnsGrids,
    StaffNumberTaken,
    UnknownAbsence,
    UnknownWorker,
    WorkerInactive,
)
from shared.calendar import SHANGHAI
from shared.database import Keyring
from shared.refusals import InvalidValue
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, provided, refuses

router = APIRouter(tags=["workers"])
Keys = Annotated[Keyring, provided(Keyring)]
Numbers = Annotated[Policies, provided(Policies)]


@router.post("/v1/workers", status_code=201, responses=refuses(StaffNumberTaken, AccountTaken, InvalidValue))
async def register_worker(
    body: wire.WorkerBody, call: Annotated[Call, permit("workers:write")], keyring: Keys, policies: Numbers
) -> wire.WorkerChanged:
    """Register a worker, who takes part in the assignment from now on."""

    async def register(session: AsyncSession) -> wire.WorkerChanged:
        policy = policies[call.tenant]
        row = await actions.register(session, body.details(), keyring=keyring, policy=policy, now=call.now)
        return wire.WorkerChanged(id=row.id, version=row.version)

    return await call.once(register)


@router.put(
    "/v1/workers/{id}",
    responses=refuses(UnknownWorker, StaffNumberTaken, AccountTaken, OwnsGrids, HasOpenCases, InvalidValue),
)
async def change_worker(
    *,
    id: UUID,
    body: wire.WorkerChange,
    call: Annotated[Call, permit("workers:write")],
    keyring: Keys,
    policies: Numbers,
) -> wire.WorkerChanged:
    """Replace what is kept of a worker. An inactive one gets no cases, and may own no grid and no open case."""
    async with call.transaction() as session:
        await loads.lock(session)
        row = await queries.worker(session, id, for_update=True)
        call.require_match(row.version)
        row = await actions.change(
            session,
            row,
            body.details(active=body.active),
            keyring=keyring,
            policy=policies[call.tenant],
            now=call.now,
        )
        return wire.WorkerChanged(id=row.id, version=row.version)


@router.get("/v1/workers")
async def list_workers(
    *,
    call: Annotated[Call, permit("workers:list")],
    keyring: Keys,
    active: bool | None = None,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[wire.WorkerLine]:
    """The staff by number, with names and without contacts; the reading is recorded."""
    after = cursor.take(str)[0] if cursor else None
    async with call.transaction() as session:
        rows = await queries.page(session, active=active, after=after, limit=limit + 1)
        reading = Reading(call.principal.subject, "staff_directory", call.now)
        note_reading(session, reading, NAME, [row.id for row in rows[:limit]])
        return page(
            rows,
            limit,
            item=lambda row: wire.line(row, open_sealed(keyring, row, NAME)),
            position=lambda row: (row.staff_number,),
        )


@router.get("/v1/workload")
async def see_workload(
    call: Annotated[Call, permit("workload:read")], keyring: Keys, policies: Numbers
) -> wire.Workload:
    """Who carries how much, for balancing it; the reading of the names is recorded."""
    policy, day = policies[call.tenant], call.now.astimezone(SHANGHAI).date()
    async with call.transaction() as session:
        rows = await queries.everyone(session)
        away = await queries.absent_on(session, day)
        reading = Reading(call.principal.subject, "balance_load", call.now)
        note_reading(session, reading, NAME, [row.id for row in rows])
        items = [
            wire.Load(
                worker=row.id,
                staff_number=row.staff_number,
                name=open_sealed(keyring, row, NAME).name,
                active=row.active,
                absent=row.id in away,
                open_cases=row.open_cases,
                open_minutes=row.open_minutes,
                weekly_hours=row.weekly_minutes // 60,
                ratio=round(row.open_minutes / row.weekly_minutes, 4),
                cap_minutes=policy.cap(row.weekly_minutes),
                overloaded=row.overloaded,
            )
            for row in rows
        ]
        waiting = await count_waiting(session)
    items.sort(key=lambda item: (-item.ratio, item.staff_number))
    return wire.Workload(day=day, policy=policy.version, items=items, waiting=waiting)


@router.get("/v1/workers/{id}", responses=refuses(UnknownWorker, NotAWorker, NotYours))
async def see_worker(
    id: UUID, call: Annotated[Call, permit("workers:read", "day:read")], keyring: Keys
) -> wire.WorkerRecord:
    """One worker with contacts: for the head, or one's own. The reading is recorded."""
    async with call.transaction() as session:
        await require_own(session, call.principal, id, unless="workers:read")
        row = await queries.worker(session, id)
        call.etag(row.version)
        person = open_sealed(keyring, row)
        note_reading(session, Reading(call.principal.subject, "personnel", call.now), CONTACT, [id])
        absences = await queries.absences_from(session, id, call.now.astimezone(SHANGHAI).date())
        return wire.WorkerRecord(
            **wire.line(row, person).model_dump(),
            phone=person.phone,
            email=person.email,
            language=row.language,
            account=row.account,
            open_cases=row.open_cases,
            open_minutes=row.open_minutes,
            absences=[wire.absence(each) for each in absences],
        )


@router.post(
    "/v1/workers/{id}/absences",
    status_code=201,
    responses=refuses(UnknownWorker, NotAWorker, NotYours, WorkerInactive, AbsenceOverlaps, InvalidValue),
)
async def report_absence(
    id: UUID,
    body: wire.AbsenceBody,
    call: Annotated[Call, permit("absences:write", "absences:report")],
) -> wire.Absence:
    """Someone is away on these days and is given nothing; a worker reports only the own absence."""

    async def report(session: AsyncSession) -> wire.Absence:
        await require_own(session, call.principal, id, unless="absences:write")
        by, now = call.principal.subject, call.now
        row = await actions.absent(
            session, id, body.first_day, body.last_day, reason=body.reason, by=by, now=now
        )
        return wire.absence(row)

    return await call.once(report)


@router.post(
    "/v1/workers/{id}/absences/{absence}/end",
    responses=refuses(UnknownAbsence, NotAWorker, NotYours, AbsenceOverlaps, InvalidValue),
)
async def end_absence(
    *,
    id: UUID,
    absence: UUID,
    body: wire.AbsenceEnd,
    call: Annotated[Call, permit("absences:write", "absences:report")],
    policies: Numbers,
) -> wire.Absence:
    """The last day is another than was thought. Whoever is back takes what waits."""

    async def end(session: AsyncSession) -> wire.Absence:
        await require_own(session, call.principal, id, unless="absences:write")
        policy = policies[call.tenant]
        row = await actions.end_absence(
            session, id, absence, last_day=body.last_day, policy=policy, now=call.now
        )
        return wire.absence(row)

    return await call.once(end)


@router.post("/v1/contacts")
async def give_contacts(
    body: wire.ContactsWanted, call: Annotated[Call, permit("contacts:read")], keyring: Keys
) -> wire.Contacts:
    """Names and contacts of workers for a stated purpose. Every reading is recorded: who, of whom, why, when."""
    async with call.transaction() as session:
        rows = await queries.by_ids(session, set(body.workers))
        reading = Reading(call.principal.subject, body.purpose, call.now)
        note_reading(session, reading, CONTACT, [row.id for row in rows])
        people = [(row, open_sealed(keyring, row)) for row in rows]
    return wire.Contacts(
        contacts=[
            wire.Contact(
                worker=row.id,
                name=person.name,
                phone=person.phone,
                email=person.email,
                language=row.language,
            )
            for row, person in people
        ]
    )
