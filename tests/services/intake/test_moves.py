"""The life of a request through HTTP and events: each move with its permission, its event and its place in the story."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.casework import CaseReturned
from shared.database import new_id
from shared.security import Role
from tests.services.intake.conftest import Intake, assigned
from tests.support.web import problem


async def test_the_whole_way_from_filing_to_rating(intake: Intake) -> None:
    resident = await intake.resident()
    receipt = await intake.file(resident)
    id = receipt["id"]
    accepted = await intake.move(id, "accept", role=Role.WORKER)
    assert accepted.json()["state"] == "accepted"
    worker = await intake.handled(id, resident)
    for move, body, state in (
        ("verify", None, "verified"),
        ("close", {"outcome": "resolved"}, "closed"),
        ("rate", {"responded": True, "resolved": True, "satisfied": False}, "rated"),
    ):
        moved = await intake.move(id, move, body)
        assert (moved.status_code, moved.json()["state"]) == (200, state), moved.text
    assert [entry["entry"] for entry in await intake.story(id)] == [
        "filed", "accept", "dispatch", "start", "submit", "verify", "close", "rate",
    ]  # fmt: skip
    record = await intake.read(id)
    assert (record["worker"], record["outcome"], record["within_limit"]) == (str(worker), "resolved", True)
    published = {event["type"]: event for event in await intake.published()}
    assert list(published) == ["request.filed", "request.accepted", "request.closed", "request.rated"]
    assert published["request.accepted"]["within_limit"] is True
    assert published["request.closed"]["outcome"] == "resolved"
    assert published["request.rated"]["satisfied"] is False


async def test_an_assignment_accepts_what_nobody_accepted(intake: Intake) -> None:
    resident = await intake.resident()
    receipt = await intake.file(resident)
    await intake.receive(assigned(receipt["id"], resident, new_id()))
    assert (await intake.read(receipt["id"]))["state"] == "dispatched"
    assert [entry["entry"] for entry in await intake.story(receipt["id"])] == ["filed", "accept", "dispatch"]
    (event,) = await intake.published("request.accepted")
    assert event["request"] == receipt["id"]


async def test_an_illegal_move_names_the_state_and_what_is_allowed(intake: Intake) -> None:
    receipt = await intake.file()
    refused = await intake.move(receipt["id"], "verify")
    document = problem(refused, 409, "illegal-move")
    assert document["detail"] == (
        "诉求当前状态为“受理”，不能核查通过；现在可以：立案、不予受理、标为重复、撤回、调整分类、督办、拆分、补充信息。"
    )
    client = intake.as_(Role.HEAD, "head-1", **{"Accept-Language": "en"})
    english = await client.post(f"/v1/requests/{receipt['id']}/verify")
    assert "A request that is filed cannot be verified; it can: be accepted" in english.json()["detail"]
    assert (await intake.read(receipt["id"]))["version"] == 1
    assert len(await intake.story(receipt["id"])) == 1


@pytest.mark.parametrize(
    ("move", "body", "may"),
    [
        ("accept", None, {Role.WORKER, Role.HEAD}),
        ("reject", {"reason": "out_of_area"}, {Role.WORKER, Role.HEAD}),
        ("withdraw", None, {Role.RESIDENT, Role.PORTAL}),
        ("redispatch", {}, {Role.HEAD}),
        ("verify", None, {Role.WORKER, Role.HEAD}),
        ("rework", {"reason": "not_solved"}, {Role.WORKER, Role.HEAD}),
        ("close", {"outcome": "resolved"}, {Role.WORKER, Role.HEAD}),
        ("reopen", {"reason": "came_back"}, {Role.RESIDENT, Role.PORTAL, Role.HEAD}),
        (
            "rate",
            {"responded": True, "resolved": True, "satisfied": True},
            {Role.RESIDENT, Role.PORTAL, Role.WORKER, Role.HEAD},
        ),
    ],
)
async def test_each_move_is_for_certain_roles(
    intake: Intake, move: str, body: dict[str, Any] | None, may: set[Role]
) -> None:
    resident = await intake.resident()
    receipt = await intake.file(resident)
    for role in Role:
        client = intake.as_(role, resident)
        answer = await client.post(f"/v1/requests/{receipt['id']}/{move}", json=body)
        if role in may:
            assert answer.status_code in {200, 409}, (role, answer.text)
        else:
            problem(answer, 403, "not-permitted")


async def test_a_resident_cannot_see_or_move_another_s_request(intake: Intake) -> None:
    receipt = await intake.file(await intake.resident())
    other = intake.as_(Role.RESIDENT, await intake.resident())
    for call in (
        other.get(f"/v1/requests/{receipt['id']}"),
        other.get(f"/v1/requests/{receipt['id']}/story"),
        other.post(f"/v1/requests/{receipt['id']}/withdraw"),
    ):
        problem(await call, 404, "request-not-found")
    assert (await other.get("/v1/requests")).json()["items"] == []


async def test_rejecting_needs_a_reason_of_the_list(intake: Intake) -> None:
    receipt = await intake.file()
    problem(await intake.move(receipt["id"], "reject", {"reason": "no_time"}), 422, "unknown-code")
    rejected = await intake.move(receipt["id"], "reject", {"reason": "out_of_scope"})
    assert rejected.json()["state"] == "rejected"
    (event,) = await intake.published("request.rejected")
    assert event["reason"] == "out_of_scope"
    assert (await intake.story(receipt["id"]))[-1]["reason_name"] == "不属于社区职责"


async def test_duplicates_do_not_go_in_circles(intake: Intake) -> None:
    resident = await intake.resident()
    first, second, third = [(await intake.file(resident))["id"] for _ in range(3)]
    assert (await intake.move(second, "mark-duplicate", {"of": first})).json()["state"] == "duplicate"
    assert (await intake.move(third, "mark-duplicate", {"of": second})).json()["state"] == "duplicate"
    problem(await intake.move(first, "mark-duplicate", {"of": third}), 409, "duplicate-of-itself")
    problem(await intake.move(first, "mark-duplicate", {"of": first}), 409, "duplicate-of-itself")
    problem(await intake.move(first, "mark-duplicate", {"of": str(new_id())}), 404, "request-not-found")


async def returned(intake: Intake, id: str, resident: str, returns: int) -> None:
    worker = new_id()
    await intake.receive(assigned(id, resident, worker, round=returns))
    await intake.receive(
        CaseReturned(
            request=UUID(id), worker=worker, resident=UUID(resident), reason="no_capacity", returns=returns
        )
    )


async def test_after_two_returns_the_head_decides(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    await returned(intake, id, resident, 1)
    problem(await intake.move(id, "redispatch", {}), 409, "not-for-the-head")
    await returned(intake, id, resident, 2)
    record = await intake.read(id)
    assert (record["state"], record["returns"], record["head_decides"]) == ("returned", 2, True)

    refused = await intake.move(id, "reject", {"reason": "out_of_scope"}, role=Role.WORKER)
    problem(refused, 403, "for-the-head")
    worker = str(new_id())
    decided = await intake.move(id, "redispatch", {"worker": worker})
    assert decided.json()["state"] == "returned"
    (event,) = await intake.published("request.redispatched")
    assert event["worker"] == worker
    problem(await intake.move(id, "redispatch", {}), 409, "not-for-the-head")
    await intake.receive(assigned(id, resident, UUID(worker), round=3))
    assert (await intake.read(id))["state"] == "dispatched"


async def test_after_two_returns_the_head_may_reject(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    await returned(intake, id, resident, 1)
    await returned(intake, id, resident, 2)
    assert (await intake.move(id, "reject", {"reason": "out_of_scope"})).json()["state"] == "rejected"


async def test_poor_work_goes_back(intake: Intake) -> None:
    resident = await intake.resident()
    receipt = await intake.file(resident)
    await intake.handled(receipt["id"], resident)
    reworked = await intake.move(receipt["id"], "rework", {"reason": "no_evidence"})
    assert (reworked.json()["state"], reworked.json()["due"]) == ("rework", receipt["due"])
    (event,) = await intake.published("request.reworked")
    assert (event["reason"], event["round"]) == ("no_evidence", 1)


async def test_reopening_has_a_window_and_a_limit_of_its_own(intake: Intake) -> None:
    resident = await intake.resident()
    receipt = await intake.file(resident)
    id = receipt["id"]
    await intake.handled(id, resident)
    await intake.move(id, "verify")
    await intake.move(id, "close", {"outcome": "explained"})
    intake.clock.advance(timedelta(days=15))
    reopened = await intake.as_(Role.RESIDENT, resident).post(
        f"/v1/requests/{id}/reopen", json={"reason": "not_solved"}
    )
    assert (reopened.status_code, reopened.json()["state"]) == (200, "reopened"), reopened.text
    assert reopened.json()["due"] > receipt["due"]
    (event,) = await intake.published("request.reopened")
    assert (event["round"], event["reason"], event["due"]) == (1, "not_solved", reopened.json()["due"])
    await intake.handled(id, resident)
    await intake.move(id, "verify")
    await intake.move(id, "close", {"outcome": "resolved"})
    intake.clock.advance(timedelta(days=15, seconds=1))
    late = await intake.as_(Role.RESIDENT, resident).post(
        f"/v1/requests/{id}/reopen", json={"reason": "came_back"}
    )
    problem(late, 409, "reopen-window-closed")


async def test_leaving_a_request_out_of_the_rates_is_the_head_s(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    await intake.handled(id, resident)
    await intake.move(id, "verify")
    await intake.move(id, "close", {"outcome": "not_resolved"})
    rating = {"responded": True, "resolved": False, "satisfied": False, "excluded": True}
    refused = await intake.move(id, "rate", {**rating, "reason": "out_of_scope"}, role=Role.WORKER)
    problem(refused, 403, "exclusion-for-the-head")
    problem(await intake.move(id, "rate", rating), 422, "reason-missing")
    assert (await intake.move(id, "rate", {**rating, "reason": "out_of_scope"})).status_code == 200
    (event,) = await intake.published("request.rated")
    assert (event["excluded"], event["reason"]) == (True, "out_of_scope")


async def test_two_people_who_decide_at_once_notice(intake: Intake) -> None:
    receipt = await intake.file()
    seen = (await intake.as_().get(f"/v1/requests/{receipt['id']}")).headers["ETag"]
    path, head = f"/v1/requests/{receipt['id']}", intake.as_(Role.HEAD, "head-1")
    first = await head.post(f"{path}/accept", headers={"If-Match": seen})
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    second = await head.post(f"{path}/reject", json={"reason": "out_of_area"}, headers={"If-Match": seen})
    problem(second, 412, "precondition-failed")


async def test_a_move_with_the_same_key_is_made_once(intake: Intake) -> None:
    receipt = await intake.file()
    client = intake.as_(Role.HEAD, "head-1")
    headers = {"Idempotency-Key": "accept-1"}
    first = await client.post(f"/v1/requests/{receipt['id']}/accept", headers=headers)
    again = await client.post(f"/v1/requests/{receipt['id']}/accept", headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert len(await intake.published("request.accepted")) == 1
