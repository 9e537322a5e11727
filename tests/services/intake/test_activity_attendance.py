"""Attendance. Guards docs/invariants/an-attendance-code-cannot-be-passed-on.md."""

import asyncio
from datetime import timedelta

from services.intake.activities.office import Office
from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.services.intake.programme import as_resident, code, head, joined, opened, roster, scan, seen
from tests.support.web import problem


async def begun(intake: Intake, residents: int = 2, **fields: object) -> tuple[str, list[str]]:
    """An activity that begins now, and those with a place."""
    id = await opened(intake, places=20, days=2, **fields)
    people = [await intake.resident() for _ in range(residents)]
    for resident in people:
        await joined(intake, id, resident)
    intake.clock.advance(timedelta(days=2))
    return id, people


async def test_a_picture_of_the_code_is_useless_after_a_minute(intake: Intake) -> None:
    id, (first, second) = await begun(intake)
    payload = await code(intake, id)
    assert (await scan(intake, id, first, payload)).status_code == 200
    intake.clock.advance(timedelta(seconds=61))
    problem(await scan(intake, id, second, payload), 422, "attendance-code-not-valid")
    assert (await scan(intake, id, second, await code(intake, id))).status_code == 200


async def test_a_code_checks_in_its_sender_and_once(intake: Intake) -> None:
    id, (first, second) = await begun(intake)
    stranger = await intake.resident()
    payload = await code(intake, id)
    answers = await asyncio.gather(*(scan(intake, id, first, payload) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    problem(await scan(intake, id, first, payload), 409, "checked-in-already")
    problem(await scan(intake, id, first, payload, resident=second), 403, "not-their-guardian")
    problem(await scan(intake, id, stranger, payload), 404, "not-signed-up")
    body = {"code": payload}
    problem(await intake.as_().post(f"/v1/activities/{id}/attendance", json=body), 403, "not-permitted")
    lines = {line["resident"]: line["checked_in"] for line in await roster(intake, id)}
    assert lines[first] is not None
    assert lines[second] is None


async def test_codes_of_another_activity_another_community_and_the_way_out_are_none(intake: Intake) -> None:
    id, (first, _) = await begun(intake)
    other, _ = await begun(intake)
    for payload in (await code(intake, other), await code(intake, id, "out")):
        problem(await scan(intake, id, first, payload), 422, "attendance-code-not-valid")
    (office,) = (part for part in intake.parts.provides if isinstance(part, Office))
    assert office.sign("longxi")(id) != office.sign("yuhu")(id)


async def test_the_screen_shows_the_code_as_a_picture(intake: Intake) -> None:
    id, _ = await begun(intake)
    for kind, media, begins in (("svg", "image/svg+xml", b"<?xml"), ("png", "image/png", b"\x89PNG")):
        answer = await intake.as_().get(f"/v1/activities/{id}/code.{kind}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith(media)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.content.startswith(begins)


async def test_a_worker_checks_in_who_has_no_telephone(intake: Intake) -> None:
    id, (first, _) = await begun(intake)
    intake.clock.advance(timedelta(minutes=30))
    at = (intake.clock() - timedelta(minutes=20)).isoformat()
    by_hand = await intake.as_().post(
        f"/v1/activities/{id}/attendance/by-hand", json={"resident": first, "at": at}
    )
    assert by_hand.status_code == 200, by_hand.text
    (line,) = [line for line in await roster(intake, id) if line["resident"] == first]
    assert (line["by_hand"], line["checked_in"]) == (True, by_hand.json()["checked_in"])
    refused = await as_resident(intake, first).post(
        f"/v1/activities/{id}/attendance/by-hand", json={"resident": first}
    )
    problem(refused, 403, "not-permitted")


async def test_minutes_roles_and_absences_are_final_when_it_is_held(intake: Intake) -> None:
    lanes = [{"lane": "participant", "places": 3}, {"lane": "guide", "places": 1}]
    id = await opened(intake, days=2, lanes=lanes)
    came, stayed_away, helper, waiting = [await intake.resident(birth_year=1950) for _ in range(4)]
    for resident, lane in (
        (came, "participant"),
        (stayed_away, "participant"),
        (helper, "guide"),
        (waiting, "guide"),
    ):
        await joined(intake, id, resident, lane=lane)
    intake.clock.advance(timedelta(days=2, minutes=-30))
    assert (await scan(intake, id, helper, await code(intake, id))).status_code == 200
    problem(await head(intake).post(f"/v1/activities/{id}/hold"), 409, "activity-not-begun")
    intake.clock.advance(timedelta(minutes=45))
    assert (await scan(intake, id, came, await code(intake, id))).status_code == 200
    intake.clock.advance(timedelta(minutes=60))
    assert (await scan(intake, id, came, await code(intake, id, "out"), "out")).status_code == 200
    problem(await scan(intake, id, came, await code(intake, id, "out"), "out"), 409, "checked-out-already")
    intake.clock.advance(timedelta(minutes=60))
    held = await intake.as_().post(f"/v1/activities/{id}/hold")
    assert held.json()["state"] == "held", held.text
    attended = {event["resident"]: event for event in await intake.published("activity.attended")}
    assert {who: (event["role"], event["minutes"]) for who, event in attended.items()} == {
        came: ("participant", 60),
        helper: ("volunteer", 150),  # from half an hour before it to its planned end
    }
    (event,) = await intake.published("activity.held")
    assert (event["attended"], event["absent"], event["unplaced"], event["volunteers"], event["minutes"]) == (
        2, 1, 1, 1, 210,
    )  # fmt: skip
    states = {line["resident"]: line["state"] for line in await roster(intake, id)}
    assert states == {came: "attended", stayed_away: "absent", helper: "attended", waiting: "unplaced"}
    problem(await scan(intake, id, stayed_away, "x"), 409, "activity-not-open")
    bands = await intake.rows("SELECT band, people FROM activity_attendance_band")
    assert [(row.band, row.people) for row in bands] == [("75_up", 2)]
    found = (await head(intake).get("/v1/programme-suggestions")).json()
    assert found["came"] == [{"kind": "handicraft", "band": "75_up", "name": "75岁及以上", "people": None}], (
        "fewer than five are not shown"
    )


async def test_who_stays_away_three_times_asks_a_worker(intake: Intake) -> None:
    resident = await intake.resident()
    for _ in range(3):
        id = await opened(intake, days=1)
        await joined(intake, id, resident)
        intake.clock.advance(timedelta(days=1, hours=1))
        assert (await head(intake).post(f"/v1/activities/{id}/hold")).status_code == 200
    id = await opened(intake)
    refused = await as_resident(intake, resident).post(f"/v1/activities/{id}/sign-ups", json={})
    problem(refused, 409, "absent-too-often")
    by_worker = await intake.as_().post(f"/v1/activities/{id}/sign-ups", json={"resident": resident})
    assert by_worker.status_code == 201, by_worker.text


async def test_what_nobody_closes_is_held_a_day_later(intake: Intake) -> None:
    id, (first, _) = await begun(intake)
    await scan(intake, id, first, await code(intake, id))
    await intake.run("activity-holding")
    assert (await seen(intake, id))["state"] == "open"
    intake.clock.advance(timedelta(days=1, hours=3))
    await intake.run("activity-holding")
    assert (await seen(intake, id))["state"] == "held"
    assert len(await intake.published("activity.attended")) == 1


async def test_the_code_is_for_those_who_organise(intake: Intake) -> None:
    id, (first, _) = await begun(intake)
    problem(await as_resident(intake, first).get(f"/v1/activities/{id}/code"), 403, "not-permitted")
    problem(
        await intake.as_(Role.PORTAL, "portal").get(f"/v1/activities/{id}/code.svg"), 403, "not-permitted"
    )
