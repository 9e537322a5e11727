"""Places and the line, under any concurrency. Guards docs/invariants/never-more-in-than-places.md."""

import asyncio
import random
from datetime import timedelta

from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.services.intake.programme import (
    as_resident,
    head,
    joined,
    left,
    opened,
    roster,
    seen,
)
from tests.support.web import problem


async def people(intake: Intake, number: int) -> list[str]:
    return list(await asyncio.gather(*(intake.resident() for _ in range(number))))


async def test_a_hundred_people_for_thirty_places_at_once(intake: Intake) -> None:
    id, residents = await opened(intake, places=30), await people(intake, 100)
    processes = [intake, intake.another_process()]
    answers = await asyncio.gather(
        *(joined(processes[at % 2], id, resident) for at, resident in enumerate(residents))
    )
    assert sum(answer["state"] == "in" for answer in answers) == 30
    assert sorted(answer["position"] for answer in answers if answer["state"] == "waiting") == list(
        range(1, 71)
    )
    lines = await roster(intake, id)
    assert [line["state"] for line in lines] == ["in"] * 30 + ["waiting"] * 70
    assert {line["resident"] for line in lines} == set(residents)
    by_resident = {answer["resident"]: answer["position"] for answer in answers}
    assert [by_resident[line["resident"]] for line in lines[30:]] == list(range(1, 71)), (
        "in the order of the list"
    )
    assert (await seen(intake, id))["state"] == "full"
    assert len(await intake.published("activity.joined")) == 30
    told = await intake.published("activity.waitlisted")
    assert [event["position"] for event in told] == list(range(1, 71))


async def test_a_storm_of_cancellations_keeps_the_order_and_never_exceeds_the_quota(intake: Intake) -> None:
    id, residents = await opened(intake, places=10), await people(intake, 40)
    for resident in residents:
        await joined(intake, id, resident)
    leaving = random.Random(7).sample(residents, 25)  # noqa: S311  # which of them does not matter
    newcomers = await people(intake, 10)
    processes = [intake, intake.another_process()]
    await asyncio.gather(
        *(left(processes[at % 2], id, resident) for at, resident in enumerate(leaving)),
        *(joined(processes[at % 2], id, resident) for at, resident in enumerate(newcomers)),
    )
    lines = await roster(intake, id)
    staying = [line for line in lines if line["state"] != "left"]
    assert len(staying) == 40 + 10 - 25
    assert [line["state"] for line in staying] == ["in"] * 10 + ["waiting"] * 15, (
        "the first in line have the places"
    )
    assert {line["resident"] for line in staying} == (set(residents) | set(newcomers)) - set(leaving)
    # At no commit were there more in than places: told in the order of commits.
    inside = 0
    for event in await intake.published():
        if event["type"] in {"activity.joined", "activity.promoted"}:
            inside += 1
        elif event["type"] == "activity.left" and event["had_place"]:
            inside -= 1
        assert inside <= 10
    assert inside == 10


async def test_the_first_in_line_moves_up_in_the_same_transaction_and_may_decline(intake: Intake) -> None:
    id, (first, second, third) = await opened(intake, places=1), await people(intake, 3)
    for resident in (first, second, third):
        await joined(intake, id, resident)
    assert (await seen(intake, id, third))["mine"]["position"] == 2
    await left(intake, id, first)
    (event,) = await intake.published("activity.promoted")
    assert event["resident"] == second
    mine = (await seen(intake, id, second))["mine"]
    assert (mine["state"], mine["decline_until"]) == ("in", event["decline_until"])
    assert (await seen(intake, id, third))["mine"]["position"] == 1
    await left(intake, id, second)
    gone = await intake.published("activity.left")
    assert [(each["reason"], each["late"]) for each in gone] == [("withdrawn", False), ("declined", False)]
    assert (await seen(intake, id, third))["mine"]["state"] == "in"
    assert (await seen(intake, id))["state"] == "full"


async def test_leaving_late_is_counted_and_leaving_what_has_begun_is_refused(intake: Intake) -> None:
    id, (first, second) = await opened(intake, places=2, days=3), await people(intake, 2)
    await joined(intake, id, first)
    await joined(intake, id, second)
    intake.clock.advance(timedelta(days=2, hours=1))
    assert (await left(intake, id, first))["late"] is True
    intake.clock.advance(timedelta(days=1))
    refused = await as_resident(intake, second).delete(f"/v1/activities/{id}/sign-ups/{second}")
    problem(refused, 409, "activity-has-begun")


async def test_nobody_signs_up_twice_and_who_left_goes_to_the_end(intake: Intake) -> None:
    id, (first, second) = await opened(intake, places=1), await people(intake, 2)
    await joined(intake, id, first)
    again = await as_resident(intake, first).post(f"/v1/activities/{id}/sign-ups", json={})
    problem(again, 409, "already-signed-up")
    await joined(intake, id, second)
    await left(intake, id, first)
    back = await joined(intake, id, first)
    assert (back["state"], back["position"]) == ("waiting", 1)
    assert [line["resident"] for line in await roster(intake, id)] == [first, second, first]


async def test_the_same_key_signs_up_once(intake: Intake) -> None:
    id, (resident,) = await opened(intake), await people(intake, 1)
    client = as_resident(intake, resident, **{"Idempotency-Key": "join-1"})
    answers = await asyncio.gather(*(client.post(f"/v1/activities/{id}/sign-ups", json={}) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(await roster(intake, id)) == 1


async def test_more_places_move_people_up_and_fewer_than_taken_are_refused(intake: Intake) -> None:
    id, residents = await opened(intake, places=1), await people(intake, 4)
    for resident in residents:
        await joined(intake, id, resident)
    tag = (await head(intake).get(f"/v1/activities/{id}")).headers["ETag"]
    more = {"lanes": [{"lane": "participant", "places": 3}]}
    changed = await head(intake, **{"If-Match": tag}).patch(f"/v1/activities/{id}", json=more)
    assert changed.status_code == 200, changed.text
    assert [line["state"] for line in await roster(intake, id)] == ["in", "in", "in", "waiting"]
    promoted = await intake.published("activity.promoted")
    assert [event["resident"] for event in promoted] == residents[1:3]
    tag = (await head(intake).get(f"/v1/activities/{id}")).headers["ETag"]
    fewer = {"lanes": [{"lane": "participant", "places": 2}]}
    refused = await head(intake, **{"If-Match": tag}).patch(f"/v1/activities/{id}", json=fewer)
    problem(refused, 409, "places-below-taken")


async def test_volunteers_have_places_and_a_line_of_their_own(intake: Intake) -> None:
    lanes = [{"lane": "participant", "places": 1}, {"lane": "guide", "places": 1}]
    id, residents = await opened(intake, lanes=lanes), await people(intake, 4)
    found = [
        await joined(intake, id, resident, lane=lane)
        for resident, lane in zip(residents, ("guide", "participant", "guide", "participant"), strict=True)
    ]
    assert [(it["state"], it["position"]) for it in found] == [
        ("in", None), ("in", None), ("waiting", 1), ("waiting", 1),
    ]  # fmt: skip
    await left(intake, id, residents[0])
    assert (await seen(intake, id, residents[2]))["mine"]["state"] == "in"
    assert (await seen(intake, id, residents[3]))["mine"]["state"] == "waiting"
    other = await as_resident(intake, residents[0]).post(
        f"/v1/activities/{id}/sign-ups", json={"lane": "photo"}
    )
    problem(other, 422, "no-such-lane")


async def test_sign_up_has_a_window_and_a_worker_may_let_people_in_at_the_door(intake: Intake) -> None:
    from_ = intake.clock() + timedelta(days=1)
    id, (first, second) = (
        await opened(intake, sign_up_from=from_.isoformat(), days=3),
        await people(intake, 2),
    )
    early = await as_resident(intake, first).post(f"/v1/activities/{id}/sign-ups", json={})
    problem(early, 409, "sign-up-closed")
    intake.clock.advance(timedelta(days=1))
    await joined(intake, id, first)
    intake.clock.advance(timedelta(days=2, hours=1))
    late = await as_resident(intake, second).post(f"/v1/activities/{id}/sign-ups", json={})
    problem(late, 409, "sign-up-closed")
    door = await intake.as_().post(f"/v1/activities/{id}/sign-ups", json={"resident": second})
    assert door.json()["state"] == "in"


async def test_an_age_is_read_only_where_it_is_asked_for_and_the_read_is_recorded(intake: Intake) -> None:
    young, old = await intake.resident(birth_year=2010), await intake.resident(birth_year=1950)
    unknown = await intake.resident()
    free = await opened(intake)
    await joined(intake, free, young)
    elders = await opened(intake, lowest_age=60)
    refused = await as_resident(intake, young).post(f"/v1/activities/{elders}/sign-ups", json={})
    problem(refused, 403, "outside-age")
    nobody = await as_resident(intake, unknown).post(f"/v1/activities/{elders}/sign-ups", json={})
    problem(nobody, 409, "age-not-known")
    await joined(intake, elders, old)
    reads = (await as_resident(intake, old).get(f"/v1/residents/{old}/reads")).json()["items"]
    assert [(read["purpose"], read["fields"]) for read in reads] == [("activity", ["birth_year"])]
    refused_reads = (await as_resident(intake, young).get(f"/v1/residents/{young}/reads")).json()["items"]
    assert len(refused_reads) == 1, (
        "also where the answer was no, and not for the activity that asks for no age"
    )


async def test_residents_sign_up_nobody_else_who_is_not_of_their_family(intake: Intake) -> None:
    id, (own, other) = await opened(intake), await people(intake, 2)
    refused = await as_resident(intake, own).post(f"/v1/activities/{id}/sign-ups", json={"resident": other})
    problem(refused, 403, "not-their-guardian")
    await joined(intake, id, other)
    problem(
        await as_resident(intake, own).delete(f"/v1/activities/{id}/sign-ups/{other}"), 404, "not-signed-up"
    )


async def test_an_erased_resident_leaves_and_the_next_moves_up(intake: Intake) -> None:
    id, (first, second) = await opened(intake, places=1), await people(intake, 2)
    await joined(intake, id, first)
    await joined(intake, id, second)
    erased = await as_resident(intake, first).delete(f"/v1/residents/{first}")
    assert erased.is_success, erased.text
    assert (await seen(intake, id, second))["mine"]["state"] == "in"
    (event,) = await intake.published("activity.left")
    assert event["reason"] == "erased"


async def test_names_at_the_door_are_recorded_reads(intake: Intake) -> None:
    id, resident = await opened(intake), await intake.resident(name="王小花")
    await joined(intake, id, resident)
    named = (await intake.as_().get(f"/v1/activities/{id}/names")).json()["items"]
    assert [(line["resident"], line["name"]) for line in named] == [(resident, "王小花")]
    reads = (await as_resident(intake, resident).get(f"/v1/residents/{resident}/reads")).json()["items"]
    assert [(read["purpose"], read["fields"]) for read in reads] == [("activity", ["name"])]
    own = (await as_resident(intake, resident).get("/v1/sign-ups")).json()["items"]
    assert [(line["activity"], line["state"]) for line in own] == [(id, "in")]
    problem(await intake.as_(Role.PORTAL, "portal").get(f"/v1/activities/{id}/names"), 403, "not-permitted")


async def test_names_come_in_pages_in_the_order_of_sign_ups(intake: Intake) -> None:
    id, (first, gone, second, waits) = await opened(intake, places=2), await people(intake, 4)
    for resident in (first, gone):
        await joined(intake, id, resident)
    await left(intake, id, gone)
    for resident in (second, waits):
        await joined(intake, id, resident)
    path, found = f"/v1/activities/{id}/names", []
    page = (await intake.as_().get(path, params={"limit": 2})).json()
    found += page["items"]
    assert not await intake.rows(f"SELECT 1 FROM personal_read WHERE resident = '{waits}'"), "shown are two"  # noqa: S608
    page = (await intake.as_().get(path, params={"limit": 2, "cursor": page["next"]})).json()
    found += page["items"]
    assert [(line["resident"], line["state"]) for line in found] == [
        (first, "in"),
        (second, "in"),
        (waits, "waiting"),
    ]
    assert page["next"] is None
