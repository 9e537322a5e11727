"""Supervision (督办) through HTTP: the limit is halved, kept so by a notice, told once, and whole again after reopening."""

import asyncio
from datetime import date, timedelta

from services.intake.requests.actions.deadlines import recompute
from shared.contracts.district import HolidayChanged
from shared.database import new_id
from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.support.numbers import count
from tests.support.web import problem

WHOLE, HALF = "2026-11-25T09:30:00Z", "2026-11-23T09:30:00Z"


async def test_the_head_marks_a_request_and_its_limit_is_halved(intake: Intake) -> None:
    resident = await intake.resident()
    receipt = await intake.file(resident)
    assert receipt["due"] == WHOLE
    moved = await intake.move(receipt["id"], "supervise", {"reason": "repeated_complaint"})
    assert (moved.status_code, moved.json()["due"], moved.json()["version"]) == (200, HALF, 2), moved.text
    assert "supervise" not in moved.json()["allowed"]
    (event,) = await intake.published("request.supervised")
    assert (event["resident"], event["reason"]) == (resident, "repeated_complaint")
    assert (event["due"], event["due_before"], event["due_provisional"]) == (HALF, WHOLE, False)
    assert await intake.published("request.due_changed") == [], "one message says it all"
    last = (await intake.story(receipt["id"]))[-1]
    assert (last["entry"], last["reason_name"]) == ("supervise", "同一问题多次反映")
    assert (last["details"]["before"][:10], last["details"]["due"][:10]) == ("2026-11-25", "2026-11-23")
    problem(
        await intake.move(receipt["id"], "supervise", {"reason": "slow_progress"}), 409, "already-supervised"
    )


async def test_the_resident_sees_the_due_time_and_why_it_changed(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    await intake.receive(_notice("2026-11-25"))
    await intake.move(id, "supervise", {"reason": "safety_hazard"})
    own = intake.as_(Role.RESIDENT, resident)
    record = (await own.get(f"/v1/requests/{id}")).json()
    assert (record["due"], record["due_provisional"], record["supervision_reason"]) == (
        HALF,
        False,
        "safety_hazard",
    )
    story = (await own.get(f"/v1/requests/{id}/story")).json()
    assert [
        (each["entry"], each["before"], each["due"], each["reason_name"]) for each in story["due_changes"]
    ] == [
        ("due_changed", WHOLE, "2026-11-26T09:30:00Z", "国务院放假安排调整了工作日"),
        ("supervise", "2026-11-26T09:30:00Z", HALF, "存在安全隐患"),
    ]


async def test_a_notice_keeps_the_halving_and_is_told_once(intake: Intake) -> None:
    marked, other, handled = [(await intake.file())["id"] for _ in range(3)]
    resident = (await intake.read(handled))["resident"]
    await intake.handled(handled, resident)
    await intake.move(marked, "supervise", {"reason": "slow_progress"})
    await intake.receive(_notice("2026-11-23", "2026-11-25"))
    assert (await intake.read(marked))["due"] == "2026-11-24T09:30:00Z"
    changed = {event["request"]: event for event in await intake.published("request.due_changed")}
    assert set(changed) == {marked, other}, "of what is handled nobody waits for anything"
    assert (changed[other]["due_before"], changed[other]["due"]) == (WHOLE, "2026-11-26T09:30:00Z")
    assert changed[marked]["reason"] == "holiday_notice"
    async with intake.database.transaction("longxi") as session:
        limits = await intake.desk.limits_in(session)
        assert await recompute(session, limits, intake.clock(), reason="holiday_notice") is None
    assert len(await intake.published("request.due_changed")) == 2


async def test_after_reopening_the_limit_is_whole_and_may_be_halved_again(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    await intake.move(id, "supervise", {"reason": "slow_progress"})
    await intake.handled(id, resident)
    problem(await intake.move(id, "supervise", {"reason": "slow_progress"}), 409, "illegal-move")
    await intake.move(id, "verify")
    await intake.move(id, "close", {"outcome": "explained"})
    reopened = await intake.move(id, "reopen", {"reason": "not_solved"})
    assert reopened.json()["due"] == WHOLE
    record = await intake.read(id)
    assert (record["supervised"], record["supervision_reason"]) == (None, None)
    again = await intake.move(id, "supervise", {"reason": "repeated_complaint"})
    assert again.json()["due"] == HALF


async def test_marking_is_for_the_head_and_the_district(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    for role in Role:
        client = intake.as_(role, resident)
        answer = await client.post(f"/v1/requests/{id}/supervise", json={"reason": "district_order"})
        if role in {Role.HEAD, Role.DISTRICT}:
            assert answer.status_code in {200, 409}, answer.text
        else:
            problem(answer, 403, "not-permitted")
    problem(await intake.move(id, "supervise", {"reason": "because"}), 422, "unknown-code")


async def test_of_two_who_mark_at_once_one_does(intake: Intake) -> None:
    id = (await intake.file())["id"]
    answers = await asyncio.gather(
        *(intake.move(id, "supervise", {"reason": "slow_progress"}) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(await intake.published("request.supervised")) == 1


async def test_what_is_under_supervision_can_be_listed(intake: Intake) -> None:
    resident = await intake.resident()
    marked, other, done = [(await intake.file(resident))["id"] for _ in range(3)]
    for id in (marked, done):
        await intake.move(id, "supervise", {"reason": "slow_progress"})
    await intake.handled(done, resident)
    client = intake.as_(Role.HEAD, "head-1")
    found = (await client.get("/v1/requests", params={"supervised": "true"})).json()["items"]
    assert [item["id"] for item in found] == [marked]
    rest = (await client.get("/v1/requests", params={"supervised": "false"})).json()["items"]
    assert {item["id"] for item in rest} == {other, done}


async def test_a_late_mark_stays_late(intake: Intake) -> None:
    before = count("limits_passed_total", limit="handle")
    id = (await intake.file(urgency="emergency"))["id"]
    intake.clock.advance(timedelta(hours=5))
    await intake.run("overdue-marks")
    moved = await intake.move(id, "supervise", {"reason": "slow_progress"})
    assert moved.json()["due"] == (await intake.read(id))["due"]
    assert (await intake.read(id))["overdue"] is True
    await intake.run("overdue-marks")
    assert count("limits_passed_total", limit="handle") == before + 1


def _notice(*holidays: str) -> HolidayChanged:
    days = tuple(date.fromisoformat(day) for day in holidays)
    return HolidayChanged(notice=new_id(), year=2026, holidays=days, workdays=())
