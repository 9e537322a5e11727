"""The load of workers: one place that changes it, and that says when it passes the cap.

A load changes only under the tenant's lock, in the transaction of the move that changes it. So the counter is the sum of
the open cases at every commit, and a crossing of the cap is published once.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.policies.rules import AssignmentPolicy
from services.casework.workers.tables import Worker
from shared.contracts.casework import WorkerOverloaded
from shared.database import scope_of
from shared.messaging.outbox import record

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('casework.moves:' || :tenant, 0))")
_CHANGE = text(
    """
    UPDATE worker
    SET open_minutes = worker.open_minutes + change.minutes,
        open_cases = worker.open_cases + change.cases,
        turn = GREATEST(worker.turn, change.turn)
    FROM unnest(:workers, :minutes, :cases, :turns) AS change (id, minutes, cases, turn)
    WHERE worker.id = change.id
    """
).bindparams(
    bindparam("workers", type_=ARRAY(Uuid)),
    bindparam("minutes", type_=ARRAY(Integer)),
    bindparam("cases", type_=ARRAY(Integer)),
    bindparam("turns", type_=ARRAY(Integer)),
)


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
    await session.execute(_LOCK, {"tenant": scope_of(session)})


async def change(session: AsyncSession, changes: Mapping[UUID, Change], *, policy: AssignmentPolicy) -> None:
    """Add to the loads, and publish `worker.overloaded` for those who pass the cap by it."""
    if not changes:
        return
    ids = sorted(changes)
    await session.execute(
        _CHANGE,
        {
            "workers": ids,
            "minutes": [changes[id].minutes for id in ids],
            "cases": [changes[id].cases for id in ids],
            "turns": [changes[id].turn for id in ids],
        },
    )
    await settle(session, ids, policy=policy)


async def settle(session: AsyncSession, ids: Collection[UUID], *, policy: AssignmentPolicy) -> None:
    """Compare loads with caps after either changed."""
    rows = (
        await session.execute(
            select(Worker.id, Worker.open_minutes, Worker.weekly_minutes, Worker.overloaded)
            .where(Worker.id.in_(ids))
            .order_by(Worker.id)
        )
    ).all()
    crossed = [row for row in rows if (row.open_minutes > policy.cap(row.weekly_minutes)) != row.overloaded]
    if not crossed:
        return
    await session.execute(
        update(Worker)
        .where(Worker.id.in_([row.id for row in crossed]))
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
