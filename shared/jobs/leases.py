"""Every statement on `job_lease`. The session is of the scope `*`; due times are the caller's, leases the database's."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.jobs.table import LEASE

_row = LEASE.c
_FREE = or_(_row.lease_until.is_(None), _row.lease_until < func.clock_timestamp())


class Outcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a job, as long as the token is the newest."""

    name: str
    token: int
    due_at: datetime
    """When the run was due."""


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job stands, for operators."""

    name: str
    due_at: datetime
    holder: str | None
    started_at: datetime | None
    seconds: float | None
    outcome: str | None
    error: str | None
    failures: int


async def introduce(session: AsyncSession, due: dict[str, datetime]) -> None:
    """Make a row for each job that has none; the others keep the due time that they have."""
    rows = [{"name": name, "due_at": due_at} for name, due_at in due.items()]
    await session.execute(insert(LEASE).values(rows).on_conflict_do_nothing(index_elements=["name"]))


async def claim(
    session: AsyncSession,
    names: Collection[str],
    *,
    holder: str,
    lease: timedelta,
    now: datetime,
    due_only: bool = True,
) -> Sequence[Lease]:
    """Take all of these jobs that are free (and due): each is given to one caller only."""
    mine = (
        update(LEASE)
        .where(_row.name.in_(names), _FREE)
        .values(
            holder=holder,
            token=_row.token + 1,
            lease_until=func.clock_timestamp() + lease,
            started_at=now,
        )
        .returning(_row.name, _row.token, _row.due_at)
    )
    if due_only:
        mine = mine.where(_row.due_at <= now)
    return [Lease(*row) for row in await session.execute(mine)]


async def renew(session: AsyncSession, held: Lease, lease: timedelta) -> bool:
    """Whether the lease was still ours to renew."""
    renewed = await session.execute(
        update(LEASE)
        .where(_row.name == held.name, _row.token == held.token, _row.holder.is_not(None))
        .values(lease_until=func.clock_timestamp() + lease)
        .returning(_row.name)
    )
    return renewed.first() is not None


async def finish(
    session: AsyncSession,
    held: Lease,
    outcome: Outcome,
    *,
    now: datetime,
    seconds: float,
    due_at: datetime,
    error: str | None = None,
) -> bool:
    """Give the lease back and record the run; False, and nothing changed, when somebody else has it by now."""
    failures = {Outcome.DONE: 0, Outcome.FAILED: _row.failures + 1}.get(outcome, _row.failures)
    finished = await session.execute(
        update(LEASE)
        .where(_row.name == held.name, _row.token == held.token)
        .values(
            holder=None,
            lease_until=None,
            finished_at=now,
            seconds=seconds,
            outcome=outcome.value,
            error=error,
            failures=failures,
            due_at=due_at,
        )
        .returning(_row.name)
    )
    return finished.first() is not None


async def next_due(session: AsyncSession, names: Collection[str]) -> datetime | None:
    """When the first of these jobs that nobody runs is due."""
    found: datetime | None = await session.scalar(
        select(func.min(_row.due_at)).where(_row.name.in_(names), _FREE)
    )
    return found


async def states(session: AsyncSession) -> Sequence[JobState]:
    rows = await session.execute(
        select(
            _row.name,
            _row.due_at,
            _row.holder,
            _row.started_at,
            _row.seconds,
            _row.outcome,
            _row.error,
            _row.failures,
        ).order_by(_row.name)
    )
    return [JobState(*row) for row in rows]
