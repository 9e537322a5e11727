"""A person corrects category or urgency: by whom, what follows, who hears of it."""

from datetime import timedelta

from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.support.web import problem


async def test_a_correction_is_stored_told_and_in_the_story(intake: Intake) -> None:
    receipt = await intake.file()
    id = receipt["id"]
    body = {"category": "0105", "urgency": "urgent", "reason": "more_urgent"}
    moved = await intake.move(id, "reclassify", body, role=Role.WORKER)
    assert (moved.status_code, moved.json()["state"]) == (200, "filed"), moved.text
    assert moved.json()["due"] < receipt["due"]
    record = await intake.read(id)
    assert (record["category"], record["urgency"], record["due"]) == ("0105", "urgent", moved.json()["due"])
    (event,) = await intake.published("request.reclassified")
    assert (event["category"], event["urgency"], event["due"]) == ("0105", "urgent", moved.json()["due"])
    assert (event["due_changed"], event["reason"]) == (True, "more_urgent")
    entry = (await intake.story(id))[-1]
    assert (entry["entry"], entry["reason_name"]) == ("reclassify", "情况比登记的紧急")
    problem(await intake.move(id, "reclassify", body), 409, "nothing-to-reclassify")


async def test_only_the_head_lowers_the_urgency_after_the_limit(intake: Intake) -> None:
    receipt = await intake.file(urgency="emergency")
    intake.clock.advance(timedelta(days=10))
    await intake.run("overdue-marks")
    body = {"urgency": "long", "reason": "less_urgent"}
    problem(
        await intake.move(receipt["id"], "reclassify", body, role=Role.WORKER), 403, "relaxing-for-the-head"
    )
    assert (await intake.move(receipt["id"], "reclassify", body, role=Role.HEAD)).status_code == 200
    assert (await intake.read(receipt["id"]))["overdue"] is False


async def test_it_is_for_workers_and_the_head(intake: Intake) -> None:
    resident = await intake.resident()
    receipt = await intake.file(resident)
    body = {"category": "0105", "reason": "wrong_category"}
    for role in (Role.RESIDENT, Role.PORTAL, Role.DISTRICT):
        client = intake.as_(role, resident)
        problem(
            await client.post(f"/v1/requests/{receipt['id']}/reclassify", json=body), 403, "not-permitted"
        )
    unknown = {"category": "9999", "reason": "wrong_category"}
    problem(await intake.move(receipt["id"], "reclassify", unknown), 422, "unknown-code")
    problem(await intake.move(receipt["id"], "reclassify", {**body, "reason": "x"}), 422, "unknown-code")
