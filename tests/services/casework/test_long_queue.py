"""A queue of thousands is given out page by page in its order, and costs nothing while nobody can take anything of it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.assignments import queries as assignments
from services.casework.assignments.actions import PAGE
from services.casework.assignments.jobs import drain_all
from services.casework.assignments.rules import Candidate, Need, decide_all
from services.casework.cases import queries as cases
from services.casework.grids import queries as grids
from services.casework.policies.rules import Policies, policy_from
from services.casework.workers import queries as workers
from shared.contracts.intake import RequestWithdrawn
from shared.database import new_id
from tests.services.casework.conftest import COMMUNITIES, Casework

# Waiting since before anything that a test files.
_WAIT = text(
    """
    INSERT INTO "case" (id, resident, reference, category, urgency, channel, filed_at, due, due_provisional, state,
        waiting, effort_minutes)
    SELECT gen_random_uuid(), gen_random_uuid(), '261117-' || number, :category, 'normal', 'web',
        CAST(:now AS timestamptz) - interval '1 day' + number * interval '1 second', CAST(:now AS timestamptz), false,
        'open', 'over_cap', :effort
    FROM generate_series(1, CAST(:count AS integer)) AS number
    """
)
_ASSIGNED = text(
    """
    SELECT array_agg(id ORDER BY filed_at, id) AS ids, count(DISTINCT xmin::text) AS transactions
    FROM "case" WHERE worker IS NOT NULL
    """
)


async def _wait(
    casework: Casework, count: int, *, effort: int, category: str | None = None, tenant: str = "longxi"
) -> None:
    values = {"count": count, "effort": effort, "category": category, "now": casework.clock()}
    async with casework.database.transaction(tenant) as session:
        await session.execute(_WAIT, values)


async def _drain(casework: Casework) -> int:
    policies = next(part for part in casework.parts.provides if isinstance(part, Policies))
    return await drain_all(casework.database, COMMUNITIES, policies, casework.clock)


async def _told(casework: Casework) -> list[UUID]:
    """Requests in the order in which they were given to someone."""
    return [UUID(one["request"]) for one in await casework.published("worker.assigned")]


@contextmanager
def _statements() -> Iterator[list[str]]:
    taken: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        taken.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield taken
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_the_clock_gives_out_all_of_it_in_pages_the_oldest_first(casework: Casework) -> None:
    worker = await casework.worker()
    days = {"first_day": "2026-11-18", "last_day": "2026-11-18", "reason": "training"}
    await casework.client().post(f"/v1/workers/{worker}/absences", json=days)
    await _wait(casework, 2 * PAGE + 20, effort=60)
    assert await _drain(casework) == 0
    casework.clock.advance(timedelta(days=1))
    assert await _drain(casework) == 2 * PAGE + 20
    async with casework.database.transaction("longxi") as session:
        assigned = (await session.execute(_ASSIGNED)).one()
    assert assigned.transactions == 3, "one a page"
    assert await _told(casework) == assigned.ids


async def test_a_call_gives_out_a_page_and_what_is_new_goes_behind_the_rest(casework: Casework) -> None:
    await _wait(casework, 2 * PAGE + 20, effort=60)
    await casework.worker()
    assert len(await _told(casework)) == PAGE
    new = await casework.file()
    assert len(await _told(casework)) == 2 * PAGE
    assert (await casework.case(new))["waiting"] == "older_first"
    assert (await casework.decisions(new))[0]["explanation"] == [
        "新受理：共考虑 1 名工作者，按 45 分钟估算工作量。",
        "暂未派出：前面还有等候更久的诉求，依次派出。",
    ]
    assert await _drain(casework) == 21
    assert (await _told(casework))[-1] == new
    assert (await casework.case(new))["waiting"] is None


async def test_what_is_given_back_goes_behind_the_rest_too(casework: Casework) -> None:
    staff = {str(await casework.worker()) for _ in range(2)}
    case = await casework.file()
    worker = (await casework.case(case))["worker"]
    await _wait(casework, PAGE + 1, effort=60)
    await casework.move(case, "return", worker, reason="other")
    assert (await casework.case(case))["waiting"] == "older_first"
    assert await _drain(casework) == 2
    assert (await casework.case(case))["worker"] in staff - {worker}


async def test_of_cases_that_nobody_has_the_room_for_none_is_looked_at(casework: Casework) -> None:
    """The one with the skill is full; that another has room does not help those who need the skill."""
    await casework.worker(tenant="yuhu", skills=["13"])
    full = await casework.file(tenant="yuhu", category="13", urgency="urgent")  # 90 of 120 minutes
    await casework.worker(tenant="yuhu")
    await _wait(casework, 1200, effort=75, category="1301", tenant="yuhu")
    await _wait(casework, 1200, effort=150, tenant="yuhu")
    small = new_id()
    with _statements() as taken:
        await casework.hear(casework.filed(request=small), tenant="yuhu")
    assert (await casework.case(small, tenant="yuhu"))["worker"] is not None
    assert not any("FOR UPDATE" in statement for statement in taken)

    with _statements() as taken:
        await casework.hear(RequestWithdrawn(request=full, resident=new_id()), tenant="yuhu")
    assert sum("FOR UPDATE" in statement for statement in taken) == 2, "the case itself, and a page"
    assert sorted((await casework.loads(tenant="yuhu")).values()) == [45, 75]


async def test_a_batch_is_decided_page_by_page_as_it_would_be_in_one_go(casework: Casework) -> None:
    hours = [20, 30, 40, 40]
    staff = [await casework.worker(weekly_hours=each) for each in hours]
    urgencies = ["normal", "urgent", "long", "emergency", "normal"]
    events = [casework.filed(urgency=urgencies[at % 5]) for at in range(2 * PAGE + 20)]
    with _statements() as taken:
        await casework.hear(*events)
    assert sum('INSERT INTO "case"' in statement for statement in taken) == 3
    policy = policy_from({})
    made = decide_all(
        [Need(one.request, policy.effort_of(one.category, one.urgency)) for one in events],
        [Candidate(id, each * 60) for id, each in zip(staff, hours, strict=True)],
        policy,
    )
    told = await casework.published("worker.assigned")
    assert [(one["request"], one["worker"], one["load_before"], one["reasons"]) for one in told] == [
        (str(one.need.request), str(one.worker), one.load_before, [*one.reasons]) for one in made
    ]


@pytest.mark.parametrize(
    "look",
    [cases.standings, assignments.returners, grids.owners, grids.places, workers.by_ids],
    ids=["standings", "returners", "owners", "places", "by_ids"],
)
async def test_more_ids_than_a_statement_has_parameters(
    casework: Casework, look: Callable[[AsyncSession, list[UUID]], Awaitable[Any]]
) -> None:
    async with casework.database.transaction("longxi") as session:
        await look(session, [uuid4() for _ in range(33_000)])
