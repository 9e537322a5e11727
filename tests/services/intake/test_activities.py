"""The life of an activity through HTTP: proposed, checked, voted for, planned, changed, called off, suggested."""

from datetime import timedelta
from typing import Any

import pytest

from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.services.intake.programme import (
    WORDS,
    as_resident,
    head,
    joined,
    opened,
    plan,
    proposed,
    scheduled,
    seen,
)
from tests.support.web import problem


async def proposal(intake: Intake, resident: str) -> str:
    answer = await as_resident(intake, resident).post("/v1/activities", json={"kind": "handicraft", **WORDS})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_proposal_is_seen_by_others_once_a_worker_has_checked_it(intake: Intake) -> None:
    proposer, other = await intake.resident(), await intake.resident(name="李四")
    id = await proposal(intake, proposer)
    problem(await as_resident(intake, other).get(f"/v1/activities/{id}"), 404, "activity-not-found")
    assert (await as_resident(intake, other).get("/v1/activities")).json()["items"] == []
    assert (await seen(intake, id, proposer))["title"] is None
    problem(await as_resident(intake, other).post(f"/v1/activities/{id}/vote"), 404, "activity-not-found")
    refused = await head(intake).post(f"/v1/activities/{id}/schedule", json=plan(intake))
    problem(refused, 409, "proposal-not-checked")

    sealed = await intake.rows("SELECT title, description FROM activity_proposal")
    assert all(WORDS["title"].encode() not in bytes(row.title) for row in sealed)
    words = (await intake.as_().get(f"/v1/activities/{id}/proposal")).json()
    assert (words["title"], words["resident"]) == (WORDS["title"], proposer)
    reads = (await as_resident(intake, proposer).get(f"/v1/residents/{proposer}/reads")).json()["items"]
    assert [(read["purpose"], read["fields"]) for read in reads] == [
        ("activity", ["activity.title", "activity.description"])
    ]

    checked = await intake.as_().post(f"/v1/activities/{id}/check", json={**WORDS, "title": "剪纸"})
    assert checked.status_code == 200, checked.text
    assert await intake.rows("SELECT 1 FROM activity_proposal") == []
    record = await seen(intake, id, other)
    assert (record["title"], record["proposed_by"]) == ("剪纸", None)
    assert (await seen(intake, id, proposer))["proposed_by"] == proposer
    problem(
        await intake.as_().post(f"/v1/activities/{id}/check", json=WORDS), 409, "proposal-checked-already"
    )


async def test_each_resident_votes_once_and_takes_it_back_freely(intake: Intake) -> None:
    id = await proposed(intake)
    first, second = await intake.resident(), await intake.resident()
    for resident in (first, first, second):
        voted = await as_resident(intake, resident).post(f"/v1/activities/{id}/vote")
        assert voted.status_code == 200, voted.text
    assert (await seen(intake, id, first))["votes"] == 2
    assert (await seen(intake, id, first))["voted"] is True
    for _ in range(2):
        back = await as_resident(intake, first).delete(f"/v1/activities/{id}/vote")
        assert back.json() == {"votes": 1}
    problem(await intake.as_().post(f"/v1/activities/{id}/vote"), 403, "not-permitted")
    await head(intake).post(f"/v1/activities/{id}/schedule", json=plan(intake))
    problem(await as_resident(intake, first).post(f"/v1/activities/{id}/vote"), 409, "voting-over")
    assert (await as_resident(intake, second).delete(f"/v1/activities/{id}/vote")).json() == {"votes": 0}


async def test_from_a_plan_to_an_open_activity(intake: Intake) -> None:
    id = await scheduled(
        intake, lanes=[{"lane": "participant", "places": 30}, {"lane": "guide", "places": 2}]
    )
    problem(await head(intake).post(f"/v1/activities/{id}/hold"), 409, "illegal-move")
    answer = await head(intake).post(f"/v1/activities/{id}/open", json={})
    assert (answer.json()["state"], answer.json()["allowed"]) == ("open", ["change", "hold", "cancel"])
    (event,) = await intake.published("activity.opened")
    assert (event["quota"], event["volunteers"], event["kind"]) == (30, 2, "handicraft")
    record = await seen(intake, id)
    assert [(lane["lane"], lane["places"]) for lane in record["lanes"]] == [("participant", 30), ("guide", 2)]
    story = (await head(intake).get(f"/v1/activities/{id}/story")).json()["entries"]
    assert [entry["entry"] for entry in story] == ["propose", "schedule", "open"]


async def test_an_illegal_move_says_what_is_allowed(intake: Intake) -> None:
    id = await scheduled(intake)
    document = problem(await head(intake).post(f"/v1/activities/{id}/hold"), 409, "illegal-move")
    assert document["detail"] == "活动当前状态为“已排期”，不能确认举办；现在可以：修改安排、开放报名、取消。"


@pytest.mark.parametrize(
    ("method", "path", "body", "may"),
    [
        ("post", "", {"kind": "sport", **WORDS}, {Role.RESIDENT, Role.WORKER, Role.HEAD}),
        ("post", "/{id}/check", WORDS, {Role.WORKER, Role.HEAD}),
        ("post", "/{id}/vote", None, {Role.RESIDENT}),
        ("post", "/{id}/open", {}, {Role.HEAD}),
        ("post", "/{id}/cancel", {"reason": "weather"}, {Role.HEAD}),
        ("post", "/{id}/hold", None, {Role.WORKER, Role.HEAD}),
        ("get", "/{id}/code", None, {Role.WORKER, Role.HEAD}),
        ("get", "/{id}/names", None, {Role.WORKER, Role.HEAD}),
    ],
)
async def test_each_route_is_for_certain_roles(
    intake: Intake, method: str, path: str, body: dict[str, Any] | None, may: set[Role]
) -> None:
    resident, id = await intake.resident(), await scheduled(intake)
    for role in Role:
        address = "/v1/activities" + path.format(id=id)
        answer = await intake.as_(role, resident).request(method, address, json=body)
        if role in may:
            assert answer.status_code in {200, 201, 404, 409}, (role, answer.text)
        else:
            problem(answer, 403, "not-permitted")


async def test_a_change_of_time_tells_all_and_lets_them_leave(intake: Intake) -> None:
    id = await opened(intake, places=1, days=3)
    inside, waiting = await intake.resident(), await intake.resident()
    await joined(intake, id, inside)
    await joined(intake, id, waiting)
    intake.clock.advance(timedelta(days=2, hours=12))  # half a day before it: leaving now would be late
    later = intake.clock() + timedelta(hours=20)
    body = {"starts": later.isoformat()}
    missing = await head(intake).patch(f"/v1/activities/{id}", json=body)
    problem(missing, 428, "precondition-required")
    seen_version = (await head(intake).get(f"/v1/activities/{id}")).headers["ETag"]
    moved = await head(intake, **{"If-Match": seen_version}).patch(f"/v1/activities/{id}", json=body)
    assert moved.status_code == 200, moved.text
    (event,) = await intake.published("activity.rescheduled")
    assert set(event["contacts"]) == {inside, waiting}
    assert event["starts"] == later.isoformat().replace("+00:00", "Z")
    gone = await as_resident(intake, inside).delete(f"/v1/activities/{id}/sign-ups/{inside}")
    assert gone.json()["late"] is False
    assert (await seen(intake, id, waiting))["mine"]["state"] == "in"


async def test_whoever_changes_what_another_has_changed_notices(intake: Intake) -> None:
    id = await scheduled(intake)
    client = head(intake, **{"If-Match": (await head(intake).get(f"/v1/activities/{id}")).headers["ETag"]})
    assert (await client.patch(f"/v1/activities/{id}", json={"title": "新题目"})).status_code == 200
    problem(await client.patch(f"/v1/activities/{id}", json={"title": "别的"}), 412, "precondition-failed")
    assert (await seen(intake, id))["title"] == "新题目"


async def test_sign_ups_do_not_stand_in_the_way_of_the_head(intake: Intake) -> None:
    id = await opened(intake)
    tag = (await head(intake).get(f"/v1/activities/{id}")).headers["ETag"]
    await joined(intake, id, await intake.resident())
    changed = await head(intake, **{"If-Match": tag}).patch(f"/v1/activities/{id}", json={"line": 5})
    assert changed.status_code == 200, changed.text


async def test_a_cancellation_tells_all(intake: Intake) -> None:
    id = await opened(intake, places=1)
    people = [await intake.resident() for _ in range(3)]
    for person in people:
        await joined(intake, id, person)
    problem(
        await head(intake).post(f"/v1/activities/{id}/cancel", json={"reason": "bored"}), 422, "unknown-code"
    )
    cancelled = await head(intake).post(f"/v1/activities/{id}/cancel", json={"reason": "weather"})
    assert cancelled.json()["state"] == "cancelled"
    (event,) = await intake.published("activity.cancelled")
    assert (event["reason"], set(event["contacts"])) == ("weather", set(people))
    assert {(await seen(intake, id, person))["mine"]["state"] for person in people} == {"called_off"}
    refused = await as_resident(intake, people[0]).post(f"/v1/activities/{id}/sign-ups", json={})
    problem(refused, 409, "activity-not-open")


async def test_those_with_a_place_are_reminded_the_day_before_once(intake: Intake) -> None:
    id = await opened(intake, places=1, days=3)
    inside = await intake.resident()
    await joined(intake, id, inside)
    await joined(intake, id, await intake.resident())
    await intake.run("activity-reminding")
    assert await intake.published("activity.reminded") == []
    intake.clock.advance(timedelta(days=2, hours=3))
    for _ in range(2):
        await intake.run("activity-reminding")
    (event,) = await intake.published("activity.reminded")
    assert event["contacts"] == [inside]


async def test_each_is_reminded_of_and_held_in_a_transaction_of_its_own(intake: Intake) -> None:
    ids = [await opened(intake, days=1) for _ in range(3)]
    for id in ids:
        await joined(intake, id, await intake.resident())
    for job, wait in (("activity-reminding", timedelta()), ("activity-holding", timedelta(days=3))):
        intake.clock.advance(wait)
        await intake.run(job)
        (done,) = await intake.rows("SELECT count(DISTINCT xmin::text) AS transactions FROM activity")
        assert done.transactions == 3
    assert len(await intake.published("activity.reminded")) == 3
    assert len(await intake.published("activity.held")) == 3


async def test_suggestions_show_the_numbers_that_speak_for_them(intake: Intake) -> None:
    await intake.file(category="140801")
    id = await proposed(intake, kind="sport")
    await as_resident(intake, await intake.resident()).post(f"/v1/activities/{id}/vote")
    found = (await head(intake).get("/v1/programme-suggestions")).json()
    (sport,) = found["suggestions"]
    assert (sport["kind"], sport["points"]) == ("sport", 1.5)
    assert {(reason["code"], reason["number"]) for reason in sport["reasons"]} == {
        ("votes", 1),
        ("requests", 1),
    }
    problem(await intake.as_().get("/v1/programme-suggestions"), 403, "not-permitted")
