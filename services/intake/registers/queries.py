"""Every read of runs and their rows, and whom a row means."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.registers.rules import Outcome, RegisterNotFound
from services.intake.registers.tables import RegisterKey, RegisterRow, RegisterRun
from services.intake.residents.tables import Resident, ResidentIndex


async def one(session: AsyncSession, run: UUID, *, for_update: bool = False) -> RegisterRun:
    """Raises RegisterNotFound."""
    statement = select(RegisterRun).where(RegisterRun.id == run)
    row = await session.scalar(statement.with_for_update() if for_update else statement)
    if row is None:
        raise RegisterNotFound
    return row


async def key_of(session: AsyncSession, run: UUID) -> bytes | None:
    """Wrapped; None once the run has ended."""
    found: bytes | None = await session.scalar(select(RegisterKey.wrapped).where(RegisterKey.run == run))
    return found


async def counts(session: AsyncSession, run: UUID) -> tuple[Counter[str], int]:
    """Rows by outcome; and how many of them are still to be applied."""
    rows = await session.execute(
        select(
            RegisterRow.outcome,
            func.count().label("rows"),
            func.count().filter(RegisterRow.applied.is_(None)).label("left"),
        )
        .where(RegisterRow.run == run)
        .group_by(RegisterRow.outcome)
    )
    found: Counter[str] = Counter()
    left = 0
    for outcome, number, waiting in rows:
        found[outcome] = number
        if outcome in {Outcome.NEW, Outcome.CHANGED}:
            left += waiting
    return found, left


async def rows(
    session: AsyncSession, run: UUID, *, outcome: Outcome | None, after: int, limit: int
) -> Sequence[RegisterRow]:
    statement = select(RegisterRow).where(RegisterRow.run == run, RegisterRow.number > after)
    if outcome is not None:
        statement = statement.where(RegisterRow.outcome == outcome.value)
    return (await session.scalars(statement.order_by(RegisterRow.number).limit(limit))).all()


async def waiting(session: AsyncSession, run: UUID, *, count: int) -> Sequence[RegisterRow]:
    """Rows that are still to be applied, locked."""
    statement = (
        select(RegisterRow)
        .where(
            RegisterRow.run == run,
            RegisterRow.outcome.in_([Outcome.NEW.value, Outcome.CHANGED.value]),
            RegisterRow.applied.is_(None),
        )
        .order_by(RegisterRow.number)
        .limit(count)
        .with_for_update()
    )
    return (await session.scalars(statement)).all()


async def residents_by_index(
    session: AsyncSession, kind: str, values: Iterable[bytes]
) -> Mapping[bytes, Sequence[UUID]]:
    """The kept records of those who are found by these blind indexes."""
    kept = func.coalesce(Resident.merged_into, Resident.id)
    rows = await session.execute(
        select(ResidentIndex.value, kept)
        .join(Resident, Resident.id == ResidentIndex.resident)
        .where(ResidentIndex.kind == kind, ResidentIndex.value.in_(list(values)))
        .distinct()
    )
    found: dict[bytes, list[UUID]] = {}
    for value, resident in rows:
        found.setdefault(value, []).append(resident)
    return found


async def rows_about(
    session: AsyncSession, residents: Sequence[UUID]
) -> Sequence[tuple[RegisterRow, RegisterRun]]:
    """Rows of registers that meant these residents, the oldest first."""
    found = await session.execute(
        select(RegisterRow, RegisterRun)
        .join(RegisterRun, RegisterRun.id == RegisterRow.run)
        .where(RegisterRow.resident.in_(residents))
        .order_by(RegisterRun.opened, RegisterRow.number)
    )
    return [(row[0], row[1]) for row in found]
