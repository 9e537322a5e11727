"""A worker's load is the sum of the worker's open cases, whatever happens to them in whatever order."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts.intake import (
    Outcome,
    RequestAccepted,
    RequestClosed,
    RequestDuplicated,
    RequestReclassified,
    RequestRedispatched,
    RequestRejected,
    RequestReopened,
    RequestReworked,
    RequestSupervised,
    RequestWithdrawn,
    Urgency,
)
from shared.database import new_id
from tests.services.casework.conftest import Casework

MOVES: dict[str, dict[str, Any]] = {
    "accept": {},
    "start": {},
    "submit": {"result": "resolved", "effort_minutes": 10},
    "return": {"reason": "other"},
    "transfer": {"reason": "workload"},
    "transfer/accept": {},
    "transfer/decline": {},
    "transfer/withdraw": {},
    "reassign": {"reason": "workload"},
}
FOLLOWED = [
    "accepted",
    "closed",
    "rejected",
    "duplicated",
    "withdrawn",
    "reworked",
    "reopened",
    "redispatched",
    "reclassified",
    "supervised",
]
# Moves that lead on come more often, so that sequences get somewhere.
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["file", *MOVES, "accept", "start", "submit", "return", *FOLLOWED, "reworked", "absent"]
        ),
        st.integers(0, 5),
        st.integers(0, 5),
    ),
    min_size=20,
    max_size=40,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
async def test_load_is_the_sum_of_open_work_after_any_sequence(
    casework: Casework, steps: list[tuple[str, int, int]]
) -> None:
    """Illegal moves are tried too: they are refused and change nothing."""
    workers = [await casework.worker(weekly_hours=hours) for hours in (2, 20, 40)]
    cases = [await casework.file() for _ in range(2)]
    for step, one, two in steps:
        worker, case = workers[one % len(workers)], cases[two % len(cases)]
        if step == "file":
            cases.append(await casework.file(urgency="urgent"))
        elif step == "absent":
            await _absent_or_back(casework, worker)
        elif step in FOLLOWED:
            await casework.hear(_event(casework, step, case, worker))
        else:
            await _try(casework, step, case, worker)
        await casework.loads()


async def _try(casework: Casework, move: str, case: UUID, worker: UUID) -> None:
    body = dict(MOVES[move])
    if move in {"transfer", "reassign"}:
        body["to" if move == "transfer" else "worker"] = str(worker)
    by = worker if move.startswith("transfer/") else None
    answer = await casework.try_move(case, move, by, **body)
    assert answer.status_code in {200, 403, 409}, answer.text


async def _absent_or_back(casework: Casework, worker: UUID) -> None:
    path = f"/v1/workers/{worker}/absences"
    record = await casework.get(f"/v1/workers/{worker}")
    yesterday = {"last_day": "2026-11-17"}
    for absence in record["absences"]:
        await casework.client().post(f"{path}/{absence['id']}/end", json=yesterday)
    if not record["absences"]:
        days = {"first_day": "2026-11-17", "last_day": "2026-11-18", "reason": "other"}
        await casework.client().post(path, json=days)


def _event(casework: Casework, step: str, case: UUID, worker: UUID) -> Any:
    resident, due = new_id(), casework.clock() + timedelta(days=1)
    made: dict[str, Callable[[], Any]] = {
        "accepted": lambda: RequestAccepted(request=case, resident=resident, due=due, within_limit=True),
        "closed": lambda: RequestClosed(
            request=case, resident=resident, outcome=Outcome.RESOLVED, within_limit=True, working_minutes=1
        ),
        "rejected": lambda: RequestRejected(request=case, resident=resident, reason="out_of_scope"),
        "duplicated": lambda: RequestDuplicated(request=case, resident=resident, duplicate_of=new_id()),
        "withdrawn": lambda: RequestWithdrawn(request=case, resident=resident),
        "reworked": lambda: RequestReworked(request=case, resident=resident, reason="not_solved", round=1),
        "reopened": lambda: RequestReopened(
            request=case, resident=resident, reason="not_solved", due=due, round=1
        ),
        "redispatched": lambda: RequestRedispatched(request=case, worker=worker),
        "reclassified": lambda: RequestReclassified(
            request=case, resident=resident, urgency=Urgency.EMERGENCY, due=due, reason="more_urgent"
        ),
        "supervised": lambda: RequestSupervised(
            request=case, resident=resident, reason="slow_progress", due=due, due_before=due
        ),
    }
    return made[step]()


async def test_moves_side_by_side_leave_the_sum_right(casework: Casework) -> None:
    """Two heads and the log at once: nothing deadlocks, and no load is lost or counted twice."""
    workers = [await casework.worker() for _ in range(3)]
    cases = [await casework.file() for _ in range(9)]
    calls: list[Awaitable[Any]] = []
    for at, case in enumerate(cases):
        calls.append(casework.try_move(case, "accept"))
        calls.append(casework.try_move(case, "return", reason="other"))
        calls.append(casework.try_move(case, "reassign", worker=str(workers[at % 3]), reason="workload"))
        calls.append(casework.hear(RequestWithdrawn(request=case, resident=new_id())))
        calls.append(casework.file())
    answers = await asyncio.gather(*calls)
    assert all(getattr(answer, "status_code", 200) in {200, 409} for answer in answers)
    assert sum((await casework.loads()).values()) == 45 * 9
