"""What a worker and the head do with a case."""

from datetime import timedelta
from uuid import UUID

import pytest

from shared.contracts.district import HolidayChanged
from shared.database import new_id
from tests.services.casework.conftest import Casework
from tests.support.web import problem


async def test_from_assignment_to_submission(casework: Casework) -> None:
    worker = await casework.worker()
    case = await casework.file()
    assert (await casework.move(case, "accept", worker))["state"] == "accepted"
    assert (await casework.move(case, "start", worker))["state"] == "working"
    submitted = await casework.move(case, "submit", worker, result="resolved", effort_minutes=35)
    assert (submitted["state"], submitted["worker"]) == ("submitted", str(worker))
    view = await casework.case(case)
    assert (view["result"], view["spent_minutes"]) == ("resolved", 35)
    assert await casework.loads() == {worker: 0}
    (accepted,) = await casework.published("case.accepted")
    assert (accepted["worker"], accepted["within_limit"]) == (str(worker), True)
    (told,) = await casework.published("case.submitted")
    assert (told["result"], told["effort"]) == ("resolved", 35)
    assert [(line["what"], line["text"]) for line in await casework.story(case)] == [
        ("filed", "收到诉求"),
        ("assigned", "派给工作者：是唯一符合条件的人"),
        ("accepted", "签收：在时限内"),
        ("started", "开始处置"),
        ("submitted", "提交核查：已解决；用时 35 分钟"),
    ]


@pytest.mark.parametrize(
    ("later", "within", "why"),
    [
        (timedelta(hours=1), True, "11:30, half of it"),
        (timedelta(hours=3, minutes=30), True, "14:00, to the second, since lunch does not count"),
        (timedelta(hours=3, minutes=30, seconds=1), False, "a second later"),
        (timedelta(days=1), False, "the next day"),
    ],
)
async def test_signing_within_two_working_hours(
    casework: Casework, later: timedelta, within: bool, why: str
) -> None:
    worker = await casework.worker()
    casework.clock.advance(timedelta(minutes=30))
    case = await casework.file()  # at 10:30
    casework.clock.advance(later)
    await casework.move(case, "accept", worker)
    (accepted,) = await casework.published("case.accepted")
    assert accepted["within_limit"] is within, why


async def test_a_holiday_that_was_announced_does_not_count(casework: Casework) -> None:
    """Filed on Wednesday at 10:00; Thursday becomes a holiday, and so the two hours end on Friday."""
    day = casework.clock().date() + timedelta(days=1)
    casework.clock.advance(timedelta(hours=7))  # 17:00: half an hour is left of the day
    await casework.hear(HolidayChanged(notice=new_id(), year=day.year, holidays=(day,), workdays=()))
    worker = await casework.worker()
    case = await casework.file()
    casework.clock.advance(timedelta(days=1, hours=16))  # Friday, 09:00
    await casework.move(case, "accept", worker)
    (accepted,) = await casework.published("case.accepted")
    assert accepted["within_limit"] is True


async def test_a_returned_case_goes_to_someone_else_and_after_two_returns_to_the_head(
    casework: Casework,
) -> None:
    workers = {await casework.worker() for _ in range(3)}
    case = await casework.file()
    first = UUID((await casework.case(case))["worker"])
    moved = await casework.move(case, "return", first, reason="wrong_grid")
    second = UUID(moved["worker"])
    assert (moved["state"], second != first) == ("open", True)
    moved = await casework.move(case, "return", second, reason="out_of_scope")
    assert (moved["state"], moved["worker"], moved["waiting"]) == ("returned", None, "head_decides")
    returned = await casework.published("case.returned")
    assert [(event["reason"], event["returns"]) for event in returned] == [
        ("wrong_grid", 1),
        ("out_of_scope", 2),
    ]
    told = await casework.published("worker.assigned")
    assert [event["round"] for event in told] == [1, 2]
    assert set((await casework.loads()).values()) == {0}
    (third,) = workers - {first, second}
    answer = await casework.try_move(case, "reassign", worker=str(third), reason="other")
    problem(answer, 409, "head-decides")
    ruled_out = {one["worker"]: one["ruled_out"] for one in (await casework.decisions(case))[0]["candidates"]}
    assert ruled_out[str(first)] == "returned_it"


async def test_a_case_its_only_worker_returned_waits(casework: Casework) -> None:
    worker = await casework.worker()
    case = await casework.file()
    moved = await casework.move(case, "return", worker, reason="conflict_of_interest")
    assert (moved["state"], moved["waiting"]) == ("returned", "nobody_available")
    other = await casework.worker()
    assert (await casework.case(case))["worker"] == str(other)


async def test_only_the_own_worker_or_the_head_moves_a_case(casework: Casework) -> None:
    await casework.worker()
    case = await casework.file()
    other = await casework.worker()
    problem(await casework.try_move(case, "accept", other), 403, "not-your-case")
    problem(await casework.try_move(case, "accept", "somebody"), 403, "not-your-case")
    await casework.move(case, "accept")
    assert (await casework.story(case))[-1]["actor"] == "head"


@pytest.mark.parametrize(
    ("move", "body", "why"),
    [
        ("start", None, "not signed for"),
        ("submit", {"result": "resolved", "effort_minutes": 5}, "not begun"),
        ("transfer", {"to": str(new_id()), "reason": "workload"}, "not signed for: return it instead"),
    ],
)
async def test_illegal_moves_are_refused(
    casework: Casework, move: str, body: dict[str, object] | None, why: str
) -> None:
    worker = await casework.worker()
    case = await casework.file()
    answer = await casework.as_worker(worker).post(f"/v1/cases/{case}/{move}", json=body)
    refused = problem(answer, 409, "illegal-move")
    assert "签收" in refused["detail"], why


@pytest.mark.parametrize(
    ("move", "body", "field"),
    [
        ("submit", {"result": "perfect", "effort_minutes": 5}, "result"),
        ("submit", {"result": "resolved", "effort_minutes": -1}, "effort_minutes"),
        ("submit", {"result": "resolved", "effort_minutes": True}, "effort_minutes"),
        ("return", {"reason": "do not like it"}, "reason"),
        ("reassign", {"worker": "nobody", "reason": "other"}, "worker"),
    ],
)
async def test_codes_are_those_of_the_vocabulary(
    casework: Casework, move: str, body: dict[str, object], field: str
) -> None:
    await casework.worker()
    case = await casework.file()
    answer = await casework.client().post(f"/v1/cases/{case}/{move}", json=body)
    assert answer.status_code == 422
    assert field in answer.text


async def test_a_case_with_nobody_cannot_be_accepted(casework: Casework) -> None:
    case = await casework.file()
    problem(await casework.try_move(case, "accept"), 409, "case-without-worker")


async def test_the_head_reassigns_to_whom_is_there(casework: Casework) -> None:
    first = await casework.worker()
    case = await casework.file()
    second, away = await casework.worker(), await casework.worker()
    days = {"first_day": "2026-11-18", "last_day": "2026-11-18", "reason": "sick_leave"}
    await casework.client().post(f"/v1/workers/{away}/absences", json=days)
    await casework.move(case, "accept", first)
    problem(await casework.try_move(case, "reassign", worker=str(first), reason="other"), 409, "same-worker")
    problem(await casework.try_move(case, "reassign", worker=str(away), reason="other"), 409, "worker-absent")
    problem(
        await casework.try_move(case, "reassign", worker=str(new_id()), reason="other"),
        404,
        "unknown-worker",
    )
    moved = await casework.move(case, "reassign", worker=str(second), reason="better_skill")
    assert (moved["state"], moved["worker"]) == ("open", str(second))
    (told,) = await casework.published("worker.reassigned")
    assert (told["previous"], told["reasons"]) == (str(first), ["named_by_head", "better_skill"])
    assert await casework.loads() == {first: 0, second: 45, away: 0}
    made = (await casework.decisions(case))[0]
    assert (made["decided_by"], made["trigger"]) == ("head", "reassigned")
    assert made["explanation"][-1].startswith("由社区负责人指定")
    assert (await casework.story(case))[-1]["text"] == "负责人改派：更有专长；由社区负责人指定"


async def test_the_head_can_give_a_waiting_case_to_someone(casework: Casework) -> None:
    worker = await casework.worker()
    case = await casework.file()
    await casework.move(case, "return", worker, reason="no_capacity")
    moved = await casework.move(case, "reassign", worker=str(worker), reason="other")
    assert (moved["state"], moved["worker"]) == ("open", str(worker))
    told = await casework.published("worker.assigned")
    assert [event["round"] for event in told] == [1, 2]
    assert await casework.published("worker.reassigned") == []


async def test_a_repeated_call_moves_once(casework: Casework) -> None:
    worker = await casework.worker()
    case = await casework.file()
    client = casework.as_worker(worker)
    answers = [
        await client.post(f"/v1/cases/{case}/accept", headers={"Idempotency-Key": "accept-1"}) for _ in "ab"
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert len(await casework.published("case.accepted")) == 1
