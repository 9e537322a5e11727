"""Repeating activities: each occurrence is one of its own; one is changed, or all that follow."""

from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.services.intake.conftest import Intake
from tests.services.intake.programme import head, joined, scheduled, seen
from tests.support.web import problem


async def venue(intake: Intake, **fields: Any) -> str:
    body = {"name": "三楼多功能厅", "kind": "hall", "capacity": 40, **fields}
    answer = await head(intake).post("/v1/venues", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def repeated(intake: Intake, first: str, **fields: Any) -> list[dict[str, Any]]:
    answer = await head(intake).post(f"/v1/activities/{first}/repeat", json={"every": "week", **fields})
    assert answer.status_code == 201, answer.text
    days: list[dict[str, Any]] = answer.json()["days"]
    return days


async def change(intake: Intake, id: str, body: dict[str, Any]) -> httpx.Response:
    tag = (await head(intake).get(f"/v1/activities/{id}")).headers["ETag"]
    return await head(intake, **{"If-Match": tag}).patch(f"/v1/activities/{id}", json=body)


async def starts(intake: Intake, ids: list[str]) -> list[datetime]:
    return [datetime.fromisoformat((await seen(intake, id))["starts"]) for id in ids]


async def test_a_series_is_activities_of_their_own_with_the_venue_booked_for_each(intake: Intake) -> None:
    hall = await venue(intake)
    first = await scheduled(intake, venue=hall)
    preview = await head(intake).post(
        f"/v1/activities/{first}/repeat-preview",
        json={"every": "week", "count": 4, "without": ["2026-12-09"]},
    )
    assert [(day["day"], day["skipped"]) for day in preview.json()["days"]] == [
        ("2026-11-25", None),
        ("2026-12-02", None),
        ("2026-12-09", "exception"),
        ("2026-12-16", None),
        ("2026-12-23", None),
    ]
    days = await repeated(intake, first, count=4, without=["2026-12-09"])
    ids = [day["activity"] for day in days]
    assert ids[0] == first
    times = await starts(intake, ids)
    assert [later - times[0] for later in times] == [timedelta(weeks=week) for week in (0, 1, 3, 4)]
    records = [await seen(intake, id) for id in ids]
    assert {(record["state"], record["title"], record["venue"]) for record in records} == {
        ("scheduled", "剪纸课", hall)
    }
    assert len({record["number"] for record in records}) == 4
    booked = (
        await head(intake).get(f"/v1/venues/{hall}/bookings", params={"until": "2027-01-01T00:00:00Z"})
    ).json()["items"]
    assert {line["activity"] for line in booked} == set(ids)
    problem(
        await head(intake).post(f"/v1/activities/{first}/repeat", json={"every": "week", "count": 2}),
        409,
        "repeats-already",
    )


async def test_one_venue_that_is_taken_refuses_the_whole_series(intake: Intake) -> None:
    hall = await venue(intake)
    await scheduled(intake, venue=hall, days=14)
    first = await scheduled(intake, venue=hall)
    refused = await head(intake).post(f"/v1/activities/{first}/repeat", json={"every": "week", "count": 3})
    problem(refused, 409, "venue-taken")
    listed = (await head(intake).get("/v1/activities")).json()["items"]
    assert len(listed) == 2


async def test_all_following_move_as_far_as_this_one_and_the_earlier_stay(intake: Intake) -> None:
    since = (intake.clock() - timedelta(weeks=5)).isoformat()
    first = await scheduled(intake, venue=await venue(intake), sign_up_from=since)
    ids = [day["activity"] for day in await repeated(intake, first, count=4)]
    assert (await head(intake).post(f"/v1/activities/{first}/open", json={"scope": "following"})).is_success
    assert {(await seen(intake, id))["state"] for id in ids} == {"open"}
    resident = await intake.resident()
    await joined(intake, ids[2], resident)
    before = await starts(intake, ids)
    # A week later: each takes the time of the next, at the same venue.
    moved = await change(
        intake, ids[1], {"scope": "following", "starts": (before[1] + timedelta(weeks=1)).isoformat()}
    )
    assert moved.status_code == 200, moved.text
    after = await starts(intake, ids)
    weeks = [later - earlier for earlier, later in zip(before, after, strict=True)]
    assert weeks == [timedelta(0)] + [timedelta(weeks=1)] * 3
    told = await intake.published("activity.rescheduled")
    assert {event["activity"]: event["contacts"] for event in told} == {
        ids[1]: [], ids[2]: [resident], ids[3]: [],
    }  # fmt: skip


async def test_one_of_a_series_is_changed_or_called_off_alone(intake: Intake) -> None:
    first = await scheduled(intake, venue=await venue(intake))
    ids = [day["activity"] for day in await repeated(intake, first, count=3)]
    assert (await change(intake, ids[1], {"title": "元旦专场"})).is_success
    assert [(await seen(intake, id))["title"] for id in ids] == ["剪纸课", "元旦专场", "剪纸课"]
    cancelled = await head(intake).post(f"/v1/activities/{ids[1]}/cancel", json={"reason": "weather"})
    assert cancelled.is_success
    assert [(await seen(intake, id))["state"] for id in ids] == ["scheduled", "cancelled", "scheduled"]
    rest = await head(intake).post(
        f"/v1/activities/{ids[2]}/cancel", json={"reason": "other", "scope": "following"}
    )
    assert rest.is_success
    assert [(await seen(intake, id))["state"] for id in ids] == ["scheduled", "cancelled", "cancelled"]


async def test_a_series_needs_an_end_and_a_plan(intake: Intake) -> None:
    first = await scheduled(intake)
    problem(
        await head(intake).post(f"/v1/activities/{first}/repeat", json={"every": "week"}),
        422,
        "count-or-until",
    )
    await head(intake).post(f"/v1/activities/{first}/open", json={})
    problem(
        await head(intake).post(f"/v1/activities/{first}/repeat", json={"every": "week", "count": 2}),
        409,
        "activity-not-scheduled",
    )
