"""Workers: registered, changed, away; their personal data sealed and every reading of it recorded."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.database import new_id
from shared.security import Role
from tests.services.casework.conftest import Casework
from tests.support.web import problem

PERSON: dict[str, Any] = {
    "staff_number": "0001",
    "name": "王芳",
    "phone": "19900001234",
    "email": "wang@example.invalid",
    "gender": "female",
    "weekly_hours": 35,
    "skills": ["mediation", "01"],
    "language": "en",
}


async def _reads(casework: Casework) -> list[Any]:
    async with casework.database.transaction("longxi") as session:
        rows = await session.execute(
            text("SELECT reader, purpose, fields, workers FROM worker_read ORDER BY at, id")
        )
        return [tuple(row) for row in rows]


async def test_a_worker_as_the_head_sees_one(casework: Casework) -> None:
    worker = await casework.worker(**PERSON)
    record = await casework.get(f"/v1/workers/{worker}")
    assert {key: record[key] for key in PERSON} == {**PERSON, "skills": ["01", "mediation"]}
    assert (record["active"], record["account"], record["absences"]) == (True, str(worker), [])
    assert await _reads(casework) == [("head", "personnel", ["name", "phone", "email"], [worker])]


async def test_nothing_personal_lies_open_in_the_database(casework: Casework) -> None:
    await casework.worker(**PERSON)
    async with casework.database.transaction("longxi") as session:
        row = (await session.execute(text("SELECT * FROM worker"))).mappings().one()
        events = (await session.execute(text("SELECT convert_from(data, 'UTF8') FROM outbox"))).scalars()
        stored = str(dict(row)) + "".join(events)
    for secret in ("王芳", "19900001234", "wang@example.invalid"):
        assert secret not in stored
        assert secret.encode() not in bytes(row["name"]) + bytes(row["phone"]) + bytes(row["email"])


async def test_each_worker_has_an_own_key(casework: Casework) -> None:
    await casework.worker()
    await casework.worker()
    async with casework.database.transaction("longxi") as session:
        keys = (await session.execute(text("SELECT data_key FROM worker"))).scalars().all()
    assert len({bytes(key) for key in keys}) == 2


async def test_contacts_for_a_stated_purpose_are_recorded(casework: Casework) -> None:
    worker = await casework.worker(**PERSON)
    body = {"purpose": "notify", "workers": [str(worker), str(new_id())]}
    answer = await casework.client(Role.SERVICE, "notifications").post("/v1/contacts", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "contacts": [
            {
                "worker": str(worker),
                "name": "王芳",
                "phone": "19900001234",
                "email": "wang@example.invalid",
                "language": "en",
            }
        ]
    }
    assert await _reads(casework) == [("notifications", "notify", ["name", "phone", "email"], [worker])]
    answer = await casework.client(Role.SERVICE).post("/v1/contacts", json={**body, "purpose": "curiosity"})
    assert answer.status_code == 422
    assert (await casework.client(Role.HEAD).post("/v1/contacts", json=body)).status_code == 403


async def test_colleagues_see_names_and_no_contacts(casework: Casework) -> None:
    worker = await casework.worker(**PERSON)
    other = await casework.worker(staff_number="0002")
    listed = (await casework.as_worker(other).get("/v1/workers?active=true")).json()["items"]
    assert [(item["id"], item["name"]) for item in listed] == [(str(worker), "王芳"), (str(other), "张三")]
    assert "phone" not in listed[0]
    problem(await casework.as_worker(other).get(f"/v1/workers/{worker}"), 403, "not-your-record")
    assert (await casework.as_worker(worker).get(f"/v1/workers/{worker}")).status_code == 200


async def test_staff_are_listed_page_by_page(casework: Casework) -> None:
    for number in range(5):
        await casework.worker(staff_number=f"000{number}")
    seen, path = [], "/v1/workers?limit=2"
    while path:
        page = await casework.get(path)
        seen += [item["staff_number"] for item in page["items"]]
        path = f"/v1/workers?limit=2&cursor={page['next']}" if page.get("next") else ""
    assert seen == [f"000{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"skills": ["010205"]}, "skills"),
        ({"weekly_hours": 0}, "weekly_hours"),
        ({"weekly_hours": 61}, "weekly_hours"),
        ({"name": " "}, "name"),
        ({"phone": "call me"}, "phone"),
        ({"gender": "x"}, "gender"),
        ({"staff_number": "工号"}, "staff_number"),
        ({"rank": 3}, "rank"),
    ],
)
async def test_what_is_wrong_is_named(casework: Casework, change: dict[str, Any], field: str) -> None:
    answer = await casework.client().post("/v1/workers", json={**PERSON, **change})
    assert answer.status_code == 422
    assert field in answer.text
    assert "call me" not in answer.text


async def test_numbers_and_accounts_are_ones_own(casework: Casework) -> None:
    await casework.worker(**PERSON, account="wang")
    client = casework.client()
    problem(await client.post("/v1/workers", json=PERSON), 409, "staff-number-taken")
    answer = await client.post("/v1/workers", json={**PERSON, "staff_number": "0002", "account": "wang"})
    problem(answer, 409, "account-taken")
    other = await casework.worker(**{**PERSON, "staff_number": "0002"})
    change = {**PERSON, "staff_number": "0002", "account": "wang"}
    answer = await client.put(f"/v1/workers/{other}", json=change, headers={"If-Match": "*"})
    problem(answer, 409, "account-taken")


async def test_two_heads_who_edit_the_same_worker_notice(casework: Casework) -> None:
    worker = await casework.worker(**PERSON)
    change = {**PERSON, "weekly_hours": 20, "phone": None}
    path = f"/v1/workers/{worker}"
    problem(await casework.client().put(path, json=change), 428, "precondition-required")
    first = await casework.client(headers={"If-Match": '"1"'}).put(path, json=change)
    assert first.json() == {"id": str(worker), "version": 2}
    second = await casework.client(headers={"If-Match": '"1"'}).put(path, json=change)
    problem(second, 412, "precondition-failed")
    record = await casework.get(path)
    assert (record["weekly_hours"], record["phone"], record["name"]) == (20, None, "王芳")


async def test_who_has_open_cases_or_a_grid_cannot_be_deactivated(casework: Casework) -> None:
    worker = await casework.worker(**PERSON)
    grid = await casework.grid(worker, "g-1")
    case = await casework.file()
    client, path = casework.client(headers={"If-Match": '"1"'}), f"/v1/workers/{worker}"
    off = {**PERSON, "active": False}
    refused = problem(await client.put(path, json=off), 409, "worker-owns-grids")
    assert "g-1" in refused["detail"]
    heir = await casework.worker(staff_number="0002")
    answer = await client.put(f"/v1/grids/{grid}", json={"name": "一", "owner": str(heir), "catch_all": True})
    assert answer.status_code == 200, answer.text
    refused = problem(await client.put(path, json=off), 409, "worker-has-open-cases")
    await casework.move(case, "reassign", worker=str(heir), reason="absence")
    assert (await client.put(path, json=off)).status_code == 200
    days = {"first_day": "2026-11-18", "last_day": "2026-11-18", "reason": "other"}
    problem(await casework.client().post(f"{path}/absences", json=days), 409, "worker-inactive")


async def test_fewer_hours_mean_a_lower_cap(casework: Casework) -> None:
    worker = await casework.worker(**PERSON)
    for _ in range(3):
        await casework.file()
    assert await casework.published("worker.overloaded") == []
    change = {**PERSON, "weekly_hours": 2}
    await casework.client(headers={"If-Match": '"1"'}).put(f"/v1/workers/{worker}", json=change)
    assert [event["cap"] for event in await casework.published("worker.overloaded")] == [120]


async def test_an_absence_is_told_and_cannot_overlap(casework: Casework) -> None:
    worker = await casework.worker()
    path = f"/v1/workers/{worker}/absences"
    days = {"first_day": "2026-11-20", "last_day": "2026-11-25", "reason": "annual_leave"}
    answer = await casework.client().post(path, json=days)
    absence = answer.json()["id"]
    assert await casework.published("worker.absent") == [{"worker": str(worker), **days}]
    problem(
        await casework.client().post(path, json={**days, "first_day": "2026-11-25"}), 409, "absence-overlaps"
    )
    answer = await casework.client().post(
        path, json={**days, "first_day": "2026-11-19", "last_day": "2026-11-18"}
    )
    problem(answer, 422, "invalid-value")
    ended = await casework.client().post(f"{path}/{absence}/end", json={"last_day": "2026-11-21"})
    assert ended.json()["last_day"] == "2026-11-21"
    assert (await casework.published("worker.absent"))[-1]["last_day"] == "2026-11-21"
    record = await casework.get(f"/v1/workers/{worker}")
    assert [each["last_day"] for each in record["absences"]] == ["2026-11-21"]


async def test_back_earlier_means_back_at_work(casework: Casework) -> None:
    worker = await casework.worker()
    path = f"/v1/workers/{worker}/absences"
    days = {"first_day": "2026-11-17", "last_day": "2026-11-25", "reason": "sick_leave"}
    absence = (await casework.client().post(path, json=days)).json()["id"]
    case = await casework.file()
    assert (await casework.case(case))["worker"] is None
    await casework.client().post(f"{path}/{absence}/end", json={"last_day": "2026-11-17"})
    assert (await casework.case(case))["worker"] == str(worker)


async def test_a_worker_reports_only_the_own_absence(casework: Casework) -> None:
    worker, other = await casework.worker(), await casework.worker()
    days = {"first_day": "2026-11-20", "last_day": "2026-11-25", "reason": "annual_leave"}
    path = f"/v1/workers/{other}/absences"
    problem(await casework.as_worker(worker).post(path, json=days), 403, "not-your-record")
    assert (await casework.as_worker(other).post(path, json=days)).status_code == 201


async def test_a_day_is_the_open_cases_by_due_time(casework: Casework) -> None:
    worker = await casework.worker(account="wang")
    now = casework.clock()
    late = await casework.file(due=now.replace(day=30))
    soon = await casework.file(due=now.replace(day=19))
    client = casework.as_worker("wang")
    day = (await client.get("/v1/day")).json()
    assert [case["id"] for case in day["cases"]] == [str(soon), str(late)]
    assert (day["day"], day["open_minutes"], day["cap_minutes"]) == ("2026-11-18", 90, 2400)
    assert (await client.get(f"/v1/workers/{worker}/day")).json() == day
    assert await casework.get(f"/v1/workers/{worker}/day") == day
    other = await casework.worker()
    problem(await client.get(f"/v1/workers/{other}/day"), 403, "not-your-record")
    problem(await casework.as_worker("stranger").get("/v1/day"), 404, "not-a-worker")


async def test_the_head_sees_who_carries_how_much(casework: Casework) -> None:
    await casework.worker(weekly_hours=40)
    half = await casework.worker(weekly_hours=20)
    for _ in range(3):
        await casework.file()
    view = await casework.get("/v1/workload")
    assert [(item["ratio"], item["open_cases"]) for item in view["items"]] == [(0.0375, 2), (0.0375, 1)]
    assert view["items"][1]["worker"] == str(half)
    assert view["items"][1]["cap_minutes"] == 1200
    assert (await casework.as_worker(half).get("/v1/workload")).status_code == 403


async def test_communities_do_not_see_each_other(casework: Casework) -> None:
    worker = await casework.worker(**PERSON)
    case = await casework.file()
    elsewhere = casework.client(tenant="yuhu")
    for path in (f"/v1/workers/{worker}", f"/v1/cases/{case}", f"/v1/requests/{case}/assignment"):
        assert (await elsewhere.get(path)).status_code == 404
    assert (await elsewhere.get("/v1/workers")).json()["items"] == []
    await casework.worker(tenant="yuhu", **PERSON)
    body = {"purpose": "notify", "workers": [str(worker)]}
    answer = await casework.client(Role.SERVICE, tenant="yuhu").post("/v1/contacts", json=body)
    assert answer.json() == {"contacts": []}
    assert isinstance(worker, UUID)
