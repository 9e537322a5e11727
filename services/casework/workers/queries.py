"""Every read of workers."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.workers.rules import (
    NotAWorker,
    UnknownAbsence,
    UnknownWorker,
    WorkerAway,
    WorkerInactive,
)
from services.casework.workers.tables import Worker, WorkerAbsence
from shared.database import among


async def worker(session: AsyncSession, id: UUID, *, for_update: bool = False) -> Worker:
    """Raises UnknownWorker."""
    query = select(Worker).where(Worker.id == id).execution_options(populate_existing=True)
    found = await session.scalar(query.with_for_update() if for_update else query)
    if found is None:
        raise UnknownWorker
    return found


async def worker_of(session: AsyncSession, account: str) -> UUID | None:
    """The worker that an account belongs to; None for the head's, say."""
    return await session.scalar(select(Worker.id).where(Worker.account == account))


async def own_worker(session: AsyncSession, account: str) -> UUID:
    """As `worker_of`, for what only a worker does. Raises NotAWorker."""
    found = await worker_of(session, account)
    if found is None:
        raise NotAWorker
    return found


async def check_available(session: AsyncSession, id: UUID, day: date) -> None:
    """Raises UnknownWorker, WorkerInactive or WorkerAway: only who is there may be given a case."""
    if not (await worker(session, id)).active:
        raise WorkerInactive
    if id in await absent_on(session, day):
        raise WorkerAway


async def by_ids(session: AsyncSession, ids: Collection[UUID]) -> Sequence[Worker]:
    return (await session.scalars(select(Worker).where(among(Worker.id, ids)).order_by(Worker.id))).all()


async def everyone(session: AsyncSession) -> Sequence[Worker]:
    """All active workers, and whoever else still has open work."""
    query = select(Worker).where(Worker.active | (Worker.open_cases > 0)).order_by(Worker.staff_number)
    return (await session.scalars(query)).all()


async def page(
    session: AsyncSession, *, active: bool | None, after: str | None, limit: int
) -> Sequence[Worker]:
    """By staff number, from behind `after`."""
    query = select(Worker).order_by(Worker.staff_number).limit(limit)
    if active is not None:
        query = query.where(Worker.active == active)
    if after is not None:
        query = query.where(Worker.staff_number > after)
    return (await session.scalars(query)).all()


async def taken(
    session: AsyncSession, *, staff_number: str, account: str, but: UUID | None = None
) -> tuple[bool, bool]:
    """Whether another worker has the staff number, and whether another has the account."""
    others = select(Worker.staff_number, Worker.account).where(
        (Worker.staff_number == staff_number) | (Worker.account == account)
    )
    if but is not None:
        others = others.where(Worker.id != but)
    rows = (await session.execute(others)).all()
    return any(row.staff_number == staff_number for row in rows), any(row.account == account for row in rows)


async def absence(session: AsyncSession, worker: UUID, id: UUID) -> WorkerAbsence:
    """Raises UnknownAbsence."""
    found = await session.scalar(
        select(WorkerAbsence).where(WorkerAbsence.id == id, WorkerAbsence.worker == worker).with_for_update()
    )
    if found is None:
        raise UnknownAbsence
    return found


async def absences_from(session: AsyncSession, worker: UUID, day: date) -> Sequence[WorkerAbsence]:
    """Those that end on the day or later, in order."""
    query = (
        select(WorkerAbsence)
        .where(WorkerAbsence.worker == worker, WorkerAbsence.last_day >= day)
        .order_by(WorkerAbsence.first_day)
    )
    return (await session.scalars(query)).all()


async def overlaps(
    session: AsyncSession, worker: UUID, first_day: date, last_day: date, *, but: UUID | None = None
) -> bool:
    query = exists().where(
        WorkerAbsence.worker == worker,
        WorkerAbsence.first_day <= last_day,
        WorkerAbsence.last_day >= first_day,
    )
    if but is not None:
        query = query.where(WorkerAbsence.id != but)
    return bool(await session.scalar(select(query)))


async def absent_on(session: AsyncSession, day: date) -> frozenset[UUID]:
    """All workers who are away on the day."""
    query = select(WorkerAbsence.worker).where(WorkerAbsence.first_day <= day, WorkerAbsence.last_day >= day)
    return frozenset(await session.scalars(query))
