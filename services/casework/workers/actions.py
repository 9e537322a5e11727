"""Registering workers, changing them, and recording when they are away."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.assignments.actions import drain
from services.casework.grids.queries import codes_owned
from services.casework.policies.rules import AssignmentPolicy
from services.casework.workers import loads, queries
from services.casework.workers.personal import Person, seal
from services.casework.workers.rules import (
    AbsenceOverlaps,
    AccountTaken,
    Gender,
    StaffNumberTaken,
    WorkerInactive,
    check_deactivation,
    checked_absence,
    checked_skills,
)
from services.casework.workers.tables import Worker, WorkerAbsence
from shared.contracts.casework import WorkerAbsent
from shared.contracts.vocabulary import codes
from shared.database import Keyring, new_id
from shared.messaging.outbox import record


@dataclass(frozen=True, slots=True)
class Details:
    """What the head says of a worker."""

    staff_number: str
    person: Person
    weekly_hours: int
    skills: tuple[str, ...] = ()
    gender: Gender | None = None
    language: str = "zh"
    active: bool = True
    account: str | None = None
    """The `sub` of the worker's tokens; None: the worker's id."""


async def register(
    session: AsyncSession, details: Details, *, keyring: Keyring, policy: AssignmentPolicy, now: datetime
) -> Worker:
    """A new worker, who at once takes what waits. Raises StaffNumberTaken, AccountTaken, InvalidValue."""
    await loads.lock(session)
    id = new_id()
    worker = Worker(id=id, account=details.account or str(id), created_at=now, version=0, data_key=b"")
    await _fill(session, worker, details, keyring)
    session.add(worker)
    await session.flush()
    await drain(session, policy=policy, now=now)
    return worker


async def change(
    session: AsyncSession,
    worker: Worker,
    details: Details,
    *,
    keyring: Keyring,
    policy: AssignmentPolicy,
    now: datetime,
) -> Worker:
    """Everything that the head says of the worker, anew. The caller has locked loads and worker.

    Raises OwnsGrids or HasOpenCases for a worker who still has some and shall be inactive.
    """
    if worker.active and not details.active:
        owned = await codes_owned(session, worker.id)
        check_deactivation(owned_grids=owned, open_cases=worker.open_cases)
    await _fill(session, worker, details, keyring)
    await session.flush()
    await loads.settle(session, [worker.id], policy=policy)
    await drain(session, policy=policy, now=now)
    return worker


async def absent(
    session: AsyncSession, id: UUID, first_day: date, last_day: date, *, reason: str, by: str, now: datetime
) -> WorkerAbsence:
    """The worker is away on these days and is given nothing. Raises AbsenceOverlaps, InvalidValue."""
    await loads.lock(session)
    checked_absence(first_day, last_day)
    if not (await queries.worker(session, id)).active:
        raise WorkerInactive
    if await queries.overlaps(session, id, first_day, last_day):
        raise AbsenceOverlaps(field="first_day")
    absence = WorkerAbsence(
        id=new_id(),
        worker=id,
        first_day=first_day,
        last_day=last_day,
        reason=reason,
        recorded_by=by,
        recorded_at=now,
    )
    session.add(absence)
    await session.flush()
    await _tell(session, absence)
    return absence


async def end_absence(
    session: AsyncSession, worker: UUID, id: UUID, *, last_day: date, policy: AssignmentPolicy, now: datetime
) -> WorkerAbsence:
    """The absence ends on another day than was thought; who is back takes what waits.

    Raises AbsenceOverlaps, InvalidValue, UnknownAbsence.
    """
    await loads.lock(session)
    absence = await queries.absence(session, worker, id)
    checked_absence(absence.first_day, last_day)
    if await queries.overlaps(session, worker, absence.first_day, last_day, but=id):
        raise AbsenceOverlaps(field="last_day")
    absence.last_day = last_day
    await session.flush()
    await _tell(session, absence)
    await drain(session, policy=policy, now=now)
    return absence


async def _fill(session: AsyncSession, worker: Worker, details: Details, keyring: Keyring) -> None:
    wanted = worker.account if details.account is None else details.account
    number, account = await queries.taken(
        session, staff_number=details.staff_number, account=wanted, but=worker.id
    )
    if number:
        raise StaffNumberTaken(field="staff_number")
    if account:
        raise AccountTaken(field="account")
    skills = checked_skills(details.skills, categories=codes("category"), named=codes("worker_skill"))
    worker.account = wanted
    worker.staff_number = details.staff_number
    worker.weekly_minutes = details.weekly_hours * 60
    worker.skills = list(skills)
    worker.gender = None if details.gender is None else details.gender.value
    worker.language = details.language
    worker.active = details.active
    worker.version += 1
    seal(keyring, worker, details.person)


async def _tell(session: AsyncSession, absence: WorkerAbsence) -> None:
    await record(
        session,
        WorkerAbsent(
            worker=absence.worker,
            first_day=absence.first_day,
            last_day=absence.last_day,
            reason=absence.reason,
        ),
    )
