"""A case follows its request; what comes too late changes nothing and is noted."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from shared.contracts.base import Event
from shared.contracts.intake import (
    Outcome,
    RequestAccepted,
    RequestClosed,
    RequestDuplicated,
    RequestRedispatched,
    RequestRejected,
    RequestReopened,
    RequestReworked,
    RequestWithdrawn,
    ResidentErased,
)
from shared.database import new_id
from tests.services.casework.conftest import Casework

RESIDENT = new_id()


def closed(case: UUID) -> RequestClosed:
    return RequestClosed(
        request=case, resident=RESIDENT, outcome=Outcome.RESOLVED, within_limit=True, working_minutes=60
    )


async def _submitted(casework: Casework) -> tuple[UUID, UUID]:
    worker = await casework.worker()
    case = await casework.file()
    await casework.move(case, "accept", worker)
    await casework.move(case, "start", worker)
    await casework.move(case, "submit", worker, result="resolved", effort_minutes=30)
    return case, worker


@pytest.mark.parametrize(
    ("ending", "event"),
    [
        ("closed", closed),
        ("rejected", lambda case: RequestRejected(request=case, resident=RESIDENT, reason="out_of_scope")),
        (
            "duplicated",
            lambda case: RequestDuplicated(request=case, resident=RESIDENT, duplicate_of=new_id()),
        ),
        ("withdrawn", lambda case: RequestWithdrawn(request=case, resident=RESIDENT)),
    ],
)
async def test_the_end_of_the_request_is_the_end_of_the_case(
    casework: Casework, ending: str, event: Callable[[UUID], Event]
) -> None:
    worker = await casework.worker()
    case = await casework.file()
    await casework.hear(event(case))
    view = await casework.case(case)
    assert (view["state"], view["ending"]) == ("closed", ending)
    assert await casework.loads() == {worker: 0}
    await casework.hear(event(case))
    assert [line["what"] for line in await casework.story(case)][-2:] == ["ended", "late"]


async def test_what_is_over_frees_its_worker_for_the_queue(casework: Casework) -> None:
    await casework.worker(tenant="yuhu")
    cases = [await casework.file(tenant="yuhu") for _ in range(3)]
    assert (await casework.case(cases[2], tenant="yuhu"))["waiting"] == "over_cap"
    await casework.hear(RequestWithdrawn(request=cases[0], resident=RESIDENT), tenant="yuhu")
    assert (await casework.case(cases[2], tenant="yuhu"))["waiting"] is None


async def test_a_waiting_case_that_ends_leaves_the_queue(casework: Casework) -> None:
    case = await casework.file()
    await casework.hear(RequestWithdrawn(request=case, resident=RESIDENT))
    await casework.worker()
    assert (await casework.case(case))["worker"] is None


async def test_acceptance_moves_the_due_time_by_the_batch(casework: Casework) -> None:
    await casework.worker()
    first, second, over = [await casework.file() for _ in range(3)]
    await casework.hear(RequestWithdrawn(request=over, resident=RESIDENT))
    due = casework.clock() + timedelta(days=3)
    await casework.hear(
        *(
            RequestAccepted(request=case, resident=RESIDENT, due=due, within_limit=True)
            for case in (first, second, over, new_id())
        )
    )
    dues = [(await casework.case(case))["due"] for case in (first, second, over)]
    assert dues[0] == dues[1] == due.isoformat().replace("+00:00", "Z")
    assert dues[2] != dues[0]
    assert [line["what"] for line in await casework.story(over)][-1] == "late"


async def test_a_failed_check_puts_the_worker_to_work_again(casework: Casework) -> None:
    case, worker = await _submitted(casework)
    rework = RequestReworked(request=case, resident=RESIDENT, reason="not_solved", round=1)
    await casework.hear(rework)
    view = await casework.case(case)
    assert (view["state"], view["worker"]) == ("working", str(worker))
    assert await casework.loads() == {worker: 45}
    await casework.hear(rework)
    assert (await casework.story(case))[-1]["text"] == "迟到的消息，未作改变：request.reworked"


async def test_rework_of_someone_who_is_away_goes_to_a_colleague(casework: Casework) -> None:
    case, worker = await _submitted(casework)
    days = {"first_day": "2026-11-18", "last_day": "2026-11-20", "reason": "training"}
    await casework.client().post(f"/v1/workers/{worker}/absences", json=days)
    rework = RequestReworked(request=case, resident=RESIDENT, reason="not_solved", round=1)
    colleague = await casework.worker()
    await casework.hear(rework)
    view = await casework.case(case)
    assert (view["state"], view["worker"]) == ("open", str(colleague))
    assert await casework.loads() == {worker: 0, colleague: 45}
    (told,) = await casework.published("worker.reassigned")
    assert told["previous"] == str(worker)


async def test_reopened_it_comes_back_to_who_knows_it(casework: Casework) -> None:
    case, worker = await _submitted(casework)
    await casework.hear(closed(case))
    await casework.worker()
    due = casework.clock() + timedelta(days=9)
    reopened = RequestReopened(request=case, resident=RESIDENT, reason="not_solved", due=due, round=1)
    await casework.hear(reopened)
    view = await casework.case(case)
    assert (view["state"], view["worker"], view["round"]) == ("open", str(worker), 2)
    assert (view["ending"], view["result"]) == (None, None)
    told = (await casework.published("worker.assigned"))[-1]
    assert (told["reasons"], told["round"]) == (["same_worker"], 2)
    await casework.hear(reopened)
    assert (await casework.story(case))[-1]["what"] == "late"


async def test_the_heads_word_after_two_returns(casework: Casework) -> None:
    workers = {await casework.worker() for _ in range(4)}
    case = await casework.file()
    back = set()
    for reason in ("wrong_grid", "wrong_category"):
        worker = UUID((await casework.case(case))["worker"])
        back.add(worker)
        await casework.move(case, "return", worker, reason=reason)
    named = max(workers - back)
    await casework.hear(RequestRedispatched(request=case, worker=named))
    view = await casework.case(case)
    assert (view["state"], view["worker"], view["waiting"]) == ("open", str(named), None)
    assert (await casework.decisions(case))[0]["reasons"] == ["named_by_head"]
    await casework.hear(RequestRedispatched(request=case, worker=min(workers - back)))
    assert (await casework.case(case))["worker"] == str(named)
    assert (await casework.story(case))[-1]["what"] == "late"


async def test_without_a_name_the_policy_chooses_among_the_others(casework: Casework) -> None:
    workers = {await casework.worker() for _ in range(3)}
    case = await casework.file()
    back = set()
    for _ in range(2):
        worker = UUID((await casework.case(case))["worker"])
        back.add(worker)
        await casework.move(case, "return", worker, reason="other")
    await casework.hear(RequestRedispatched(request=case))
    (third,) = workers - back
    assert (await casework.case(case))["worker"] == str(third)


async def test_of_an_erased_resident_only_the_work_is_left(casework: Casework) -> None:
    await casework.worker(gender="female")
    event = casework.filed(prefers_same_gender=True, resident_gender="female")
    await casework.hear(event)
    await casework.hear(ResidentErased(resident=event.resident))
    assert (await casework.story(event.request))[-1]["what"] == "resident_erased"
    async with casework.database.transaction("longxi") as session:
        connection = await session.connection()
        wish = (await connection.exec_driver_sql('SELECT wish FROM "case"')).scalar_one()
    assert wish is None


async def test_erasing_touches_no_case_without_a_wish(casework: Casework) -> None:
    event = casework.filed()
    await casework.hear(event)
    async with casework.database.transaction("longxi") as session:
        connection = await session.connection()
        await connection.exec_driver_sql('SELECT FROM "case" FOR UPDATE')
        async with asyncio.timeout(5):
            await casework.hear(ResidentErased(resident=event.resident))


async def test_events_of_what_is_no_case_are_left_alone(casework: Casework) -> None:
    for event in (
        closed(new_id()),
        RequestReworked(request=new_id(), resident=RESIDENT, reason="not_solved", round=1),
        RequestRedispatched(request=new_id()),
        RequestReopened(
            request=new_id(), resident=RESIDENT, reason="not_solved", due=casework.clock(), round=1
        ),
    ):
        await casework.hear(event)
    assert await casework.types() == []
