"""The load of workers: one place that changes it, and that says when it passes the cap.

A load changes only under the tenant's lock, in the transaction of the move that changes it. So the counter is the sum of
the open cases at every commit, and a crossing of the cap is published once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.policies.rules import AssignmentPolicy
from services.casework.workers.tables import Worker
from shared.contracts.casework import WorkerOverloaded
from shared.database import among, scope_of
from shared.messaging import statements
from shared.messaging.outbox import record

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('casework.moves:' || $1::text, 0))"
_CHANGE = """
UPDATE worker
SET open_minutes = worker.open_minutes + change.minutes,
    open_cases = worker.open_cases + change.cases,
    turn = GREATEST(worker.turn, change.turn)
FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::integer[]) AS change (id, minutes, cases, turn)
WHERE worker.id = change.id
RETURNING worker.id, worker.open_minutes, worker.weekly_minutes, worker.overloaded
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What a transaction adds to a worker's load. `turn`: the worker's new place in the order of taking turns."""

    minutes: int = 0
    cases: int = 0
    turn: int = 0

    def __add__(self, other: "Change") -> "Change":
        return Change(self.minutes + other.minutes, self.cases + other.cases, max(self.turn, other.turn))


async def lock(session: AsyncSession) -> None:
    """One move of a tenant at a time, until the transaction ends.

    Taken before any row of a case or a worker is locked, so that no two transactions wait for each other.
    """
    await statements.fetch(session, _LOCK, scope_of(session))


async def change(session: AsyncSession, changes: Mapping[UUID, Change], *, policy: AssignmentPolicy) -> None:
    """Add to the loads, and publish `worker.overloaded` for those who pass the cap by it."""
    if not changes:
        return
    await session.flush()
    ids = sorted(changes)
    loads = await statements.fetch(
        session,
        _CHANGE,
        ids,
        [changes[id].minutes for id in ids],
        [changes[id].cases for id in ids],
        [changes[id].turn for id in ids],
    )
    await note_crossings(session, loads, policy=policy)


async def settle(session: AsyncSession, ids: Collection[UUID], *, policy: AssignmentPolicy) -> None:
    """Compare loads with caps after either changed."""
    loads = await session.execute(
        select(Worker.id, Worker.open_minutes, Worker.weekly_minutes, Worker.overloaded)
        .where(among(Worker.id, ids))
        .order_by(Worker.id)
    )
    await note_crossings(session, loads.all(), policy=policy)


async def note_crossings(session: AsyncSession, loads: Sequence[Any], *, policy: AssignmentPolicy) -> None:
    """Mark and publish who passed the cap. `loads`: rows of id, open_minutes, weekly_minutes and overloaded."""
    rows = sorted(loads, key=lambda row: row.id)
    crossed = [row for row in rows if (row.open_minutes > policy.cap(row.weekly_minutes)) != row.overloaded]
    if not crossed:
        return
    await session.execute(
        update(Worker)
        .where(among(Worker.id, [row.id for row in crossed]))
        .values(overloaded=~Worker.overloaded)
        .execution_options(synchronize_session=False)
    )
    events = [
        WorkerOverloaded(worker=row.id, load=row.open_minutes, cap=policy.cap(row.weekly_minutes))
        for row in crossed
        if not row.overloaded
    ]
    if events:
        await record(session, *events)
