"""Venues and equipment are booked once. Guards docs/invariants/a-venue-is-booked-once.md."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from shared.database import new_id
from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.services.intake.programme import as_resident, head, plan, proposed, scheduled
from tests.services.intake.test_activity_series import change, venue
from tests.support.web import problem


async def book(intake: Intake, hall: str, start: float, hours: float, **fields: Any) -> httpx.Response:
    """From so many hours after ten o'clock of a Wednesday in Shanghai."""
    starts = intake.clock() + timedelta(days=7, hours=start)
    body = {
        "venue": hall,
        "starts": starts.isoformat(),
        "ends": (starts + timedelta(hours=hours)).isoformat(),
        **fields,
    }
    client = as_resident(intake, fields["resident"]) if "resident" in fields else head(intake)
    return await client.post("/v1/bookings", json=body)


async def test_of_many_who_want_a_venue_at_once_one_has_it(intake: Intake) -> None:
    hall, residents = await venue(intake), [await intake.resident() for _ in range(20)]
    processes = [intake, intake.another_process()]
    answers = await asyncio.gather(
        *(
            book(processes[at % 2], hall, at % 3 / 2, 2, resident=resident)
            for at, resident in enumerate(residents)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert {answer.json()["type"] for answer in answers if answer.status_code == 409} == {
        "urn:longxi:problem:venue-taken"
    }


async def test_the_database_itself_refuses_an_overlap(intake: Intake) -> None:
    """Whatever a service would do: the constraint stands in the table."""
    hall = await venue(intake)
    assert (await book(intake, hall, 0, 2, purpose="closure")).status_code == 201
    sql = (
        "INSERT INTO venue_booking (id, venue, during, purpose, state, booked)"  # noqa: S608  # an id of our own
        f" SELECT '{new_id()}', venue, during, 'closure', 'booked', now() FROM venue_booking"
    )
    with pytest.raises(Exception, match="ex_venue_booking_overlap") as refused:
        await intake.rows(sql)
    assert isinstance(refused.value.__cause__.__cause__, asyncpg.ExclusionViolationError)  # type: ignore[union-attr]


async def test_one_may_follow_upon_another_and_a_cancelled_one_makes_room(intake: Intake) -> None:
    hall, resident = await venue(intake), await intake.resident()
    first = await book(intake, hall, 0, 2, resident=resident)
    assert first.status_code == 201, first.text
    assert (await book(intake, hall, 2, 2, resident=resident)).status_code == 201
    problem(await book(intake, hall, 1, 2, resident=resident), 409, "venue-taken")
    cancelled = await as_resident(intake, resident).delete(f"/v1/bookings/{first.json()['id']}")
    assert cancelled.status_code == 200, cancelled.text
    assert (await book(intake, hall, 0, 2, resident=await intake.resident())).status_code == 201
    again = await as_resident(intake, resident).delete(f"/v1/bookings/{first.json()['id']}")
    problem(again, 409, "booking-over")


async def test_two_activities_planned_at_once_for_one_venue(intake: Intake) -> None:
    hall = await venue(intake)
    ids = [await proposed(intake) for _ in range(8)]
    answers = await asyncio.gather(
        *(head(intake).post(f"/v1/activities/{id}/schedule", json=plan(intake, venue=hall)) for id in ids)
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    states = [(await head(intake).get(f"/v1/activities/{id}")).json()["state"] for id in ids]
    assert sorted(states) == ["proposed"] * 7 + ["scheduled"], "who has no venue has no plan"


async def test_an_activity_that_moves_or_is_called_off_gives_its_venue_back(intake: Intake) -> None:
    hall, other = await venue(intake), await venue(intake, name="图书室", kind="reading_room")
    id = await scheduled(intake, venue=hall)
    problem(await book(intake, hall, 0, 1, purpose="closure"), 409, "venue-taken")
    assert (await change(intake, id, {"venue": other})).is_success
    assert (await book(intake, hall, 0, 1, purpose="closure")).status_code == 201
    problem(await change(intake, id, {"venue": hall}), 409, "venue-taken")
    assert (await head(intake).post(f"/v1/activities/{id}/cancel", json={"reason": "other"})).is_success
    assert (await book(intake, other, 0, 1, purpose="closure")).status_code == 201


async def test_a_venue_has_opening_hours_and_a_size(intake: Intake) -> None:
    hours = [{"weekday": 3, "opens": "09:00", "closes": "12:00"}]
    hall = await venue(intake, hours=hours, capacity=10)
    resident = await intake.resident()
    problem(await book(intake, hall, 1, 2, resident=resident), 409, "venue-closed")
    assert (await book(intake, hall, 0, 1, resident=resident)).status_code == 201
    id = await proposed(intake)
    big = plan(intake, days=14, places=11, venue=hall)
    problem(await head(intake).post(f"/v1/activities/{id}/schedule", json=big), 409, "venue-too-small")


async def test_pieces_of_equipment_are_never_given_out_twice(intake: Intake) -> None:
    chairs = (await head(intake).post("/v1/equipment", json={"name": "折叠椅", "units": 50})).json()["id"]
    halls = [await venue(intake, name=f"{number}号厅") for number in range(8)]
    residents = [await intake.resident() for _ in halls]
    answers = await asyncio.gather(
        *(
            book(intake, hall, 0, 2, resident=resident, equipment=[{"equipment": chairs, "pieces": 12}])
            for hall, resident in zip(halls, residents, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 4 + [409] * 4
    taken = await intake.rows("SELECT unit FROM equipment_booking")
    assert len(taken) == len({row.unit for row in taken}) == 48
    left = await book(
        intake,
        await venue(intake),
        0,
        2,
        resident=residents[7],
        equipment=[{"equipment": chairs, "pieces": 3}],
    )
    assert problem(left, 409, "equipment-taken")["detail"] == "该时段只剩 2 件可用，需要 3 件。"


async def test_residents_book_for_their_own_group_within_limits(intake: Intake) -> None:
    hall, resident, other = await venue(intake), await intake.resident(), await intake.resident()
    body = {
        "venue": hall,
        "starts": "2026-11-25T02:00:00Z",
        "ends": "2026-11-25T03:00:00Z",
        "resident": other,
    }
    problem(await as_resident(intake, resident).post("/v1/bookings", json=body), 403, "booking-not-yours")
    problem(await book(intake, hall, 0, 5, resident=resident), 422, "wrong-booking-times")
    made = [await book(intake, hall, start, 1, resident=resident) for start in range(4)]
    assert {answer.status_code for answer in made} == {201}
    problem(await book(intake, hall, 5, 1, resident=resident), 409, "too-many-bookings")
    id = made[0].json()["id"]
    problem(await as_resident(intake, other).delete(f"/v1/bookings/{id}"), 404, "booking-not-found")
    shown = (await as_resident(intake, other).get(f"/v1/venues/{hall}/bookings")).json()["items"]
    assert [line["resident"] for line in shown] == [None] * 4


async def test_whoever_changes_a_venue_saw_its_version(intake: Intake) -> None:
    hall = await venue(intake)
    body = {"name": "大厅", "kind": "hall", "retired": True}
    problem(await head(intake).put(f"/v1/venues/{hall}", json=body), 428, "precondition-required")
    client = head(intake, **{"If-Match": '"1"'})
    assert (await client.put(f"/v1/venues/{hall}", json=body)).json()["version"] == 2
    problem(await client.put(f"/v1/venues/{hall}", json=body), 412, "precondition-failed")
    assert (await head(intake).get("/v1/venues")).json()["items"] == []
    problem(await book(intake, hall, 0, 1, purpose="closure"), 404, "venue-not-found")


async def test_another_community_s_venues_and_equipment_are_nobody_s(intake: Intake) -> None:
    """Foreign keys look past row-level security, so the service looks first."""
    hall, own = await venue(intake), await scheduled(intake)
    chairs = (await head(intake).post("/v1/equipment", json={"name": "折叠椅", "units": 5})).json()["id"]
    theirs = intake.as_(Role.HEAD, "head-2", tenant="yuhu")
    starts = intake.clock() + timedelta(days=3)
    times = {"starts": starts.isoformat(), "ends": (starts + timedelta(hours=1)).isoformat()}
    their_hall = (await theirs.post("/v1/venues", json={"name": "厅", "kind": "hall"})).json()["id"]
    body = {"venue": hall, "purpose": "closure", **times}
    problem(await theirs.post("/v1/bookings", json=body), 404, "venue-not-found")
    with_chairs = {**body, "venue": their_hall, "equipment": [{"equipment": chairs, "pieces": 1}]}
    problem(await theirs.post("/v1/bookings", json=with_chairs), 404, "equipment-not-found")
    problem(await change(intake, own, {"venue": their_hall}), 404, "venue-not-found")
