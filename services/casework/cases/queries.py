"""Every read of cases."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import String, cast, func, literal_column, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.cases.rules import LOADED, CaseState, TransferState, UnknownCase, Waiting
from services.casework.cases.tables import Case, CaseEntry, CaseTransfer
from shared.database import among


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a case is, and with whom."""

    state: CaseState
    worker: UUID | None


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What to list; all that is given has to hold."""

    worker: UUID | None = None
    states: Collection[CaseState] = ()
    waiting: bool | None = None
    grid: UUID | None = None
    due_before: datetime | None = None


async def case(session: AsyncSession, id: UUID, *, for_update: bool = False) -> Case:
    """Raises UnknownCase."""
    found = await find(session, id, for_update=for_update)
    if found is None:
        raise UnknownCase
    return found


async def find(session: AsyncSession, id: UUID, *, for_update: bool = False) -> Case | None:
    query = select(Case).where(Case.id == id).execution_options(populate_existing=True)
    return await session.scalar(query.with_for_update() if for_update else query)


async def standings(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Standing]:
    """Of those of the ids that are cases; locked."""
    query = select(Case.id, Case.state, Case.worker).where(among(Case.id, ids))
    rows = await session.execute(query.order_by(Case.id).with_for_update())
    return {row.id: Standing(CaseState(row.state), row.worker) for row in rows}


async def page(
    session: AsyncSession, wanted: CaseFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Case]:
    """By due time, from behind `after` (due, id)."""
    query = select(Case).order_by(Case.due, Case.id).limit(limit)
    if wanted.worker is not None:
        query = query.where(Case.worker == wanted.worker)
    if wanted.states:
        query = query.where(Case.state.in_([state.value for state in wanted.states]))
        if CaseState.CLOSED not in wanted.states:
            # A literal, since the planner finds the partial index of unfinished cases by nothing else.
            query = query.where(Case.state != literal_column(f"'{CaseState.CLOSED.value}'"))
    if wanted.waiting is not None:
        query = query.where(Case.waiting.is_not(None) if wanted.waiting else Case.waiting.is_(None))
    if wanted.grid is not None:
        query = query.where(Case.grid == wanted.grid)
    if wanted.due_before is not None:
        query = query.where(Case.due < wanted.due_before)
    if after is not None:
        query = query.where(tuple_(Case.due, Case.id) > after)
    return (await session.scalars(query)).all()


async def count_waiting(session: AsyncSession) -> int:
    """How many cases are with nobody."""
    query = select(func.count()).select_from(Case).where(Case.waiting.is_not(None))
    return await session.scalar(query) or 0


async def open_cases(session: AsyncSession, worker: UUID) -> Sequence[Case]:
    """The worker's open cases by due time."""
    query = (
        select(Case)
        .where(Case.worker == worker, Case.state.in_([state.value for state in LOADED]))
        .order_by(Case.due, Case.id)
    )
    return (await session.scalars(query)).all()


async def story(session: AsyncSession, case: UUID) -> Sequence[CaseEntry]:
    """All that happened to a case, in order."""
    query = select(CaseEntry).where(CaseEntry.case == case).order_by(CaseEntry.number)
    return (await session.scalars(query)).all()


async def pending_transfer(session: AsyncSession, case: UUID) -> CaseTransfer | None:
    """The offer that waits for its answer."""
    query = select(CaseTransfer).where(
        CaseTransfer.case == case, CaseTransfer.state == TransferState.OFFERED.value
    )
    return await session.scalar(query.execution_options(populate_existing=True))


async def transfers_offered_to(session: AsyncSession, worker: UUID) -> Sequence[CaseTransfer]:
    """Offers that wait for this worker's answer, oldest first."""
    query = (
        select(CaseTransfer)
        .where(CaseTransfer.offered_to == worker, CaseTransfer.state == TransferState.OFFERED.value)
        .order_by(CaseTransfer.offered_at)
    )
    return (await session.scalars(query)).all()


async def with_wish(session: AsyncSession, resident: UUID) -> Sequence[Case]:
    """The resident's cases that say which gender of worker was asked for; locked."""
    query = select(Case).where(Case.resident == resident, Case.wish.is_not(None)).order_by(Case.id)
    return (await session.scalars(query.with_for_update())).all()


async def waiting_cases(session: AsyncSession) -> Sequence[tuple[Waiting, int, UUID]]:
    """By why they wait: how many cases are with nobody, and the id of the oldest, which says when it was filed."""
    # As text, which sorts as the ids do: PostgreSQL 17 has no smallest of uuids.
    rows = await session.execute(
        select(Case.waiting, func.count(), func.min(cast(Case.id, String)))
        .where(Case.waiting.is_not(None))
        .group_by(Case.waiting)
    )
    return [(Waiting(why), number, UUID(oldest)) for why, number, oldest in rows if why is not None]
