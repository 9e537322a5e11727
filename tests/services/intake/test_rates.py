"""The three rates over HTTP: figures with what was left out, each number opened, a file for the head, a page for all."""

import csv
import io
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from services.intake.rates import queries
from services.intake.rates.numbers import Number
from services.intake.rates.queries import Narrowed
from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.services.intake.growth import analysed, looked_at
from tests.support.web import problem

GOOD = {"responded": True, "resolved": True, "satisfied": True}


async def rated(intake: Intake, resident: str, by: str = "head-9", **changes: Any) -> str:
    """A request that was called back; by default by somebody who did not work on it."""
    category = changes.pop("category", "010503")
    id = str((await intake.file(resident, category=category))["id"])
    intake.clock.advance(timedelta(hours=3))
    await intake.handled(id, resident)
    intake.clock.advance(timedelta(hours=1))
    await intake.move(id, "verify")
    await intake.move(id, "close", {"outcome": "resolved"})
    answer = await intake.as_(Role.HEAD, by).post(f"/v1/requests/{id}/rate", json={**GOOD, **changes})
    assert answer.status_code == 200, answer.text
    return id


def month(intake: Intake) -> str:
    return f"{intake.clock() + timedelta(hours=8):%Y-%m}"


async def figures(intake: Intake, **query: str) -> list[dict[str, Any]]:
    answer = await intake.as_(Role.HEAD).get("/v1/rates", params={"month": month(intake), **query})
    assert answer.status_code == 200, answer.text
    lines: list[dict[str, Any]] = answer.json()["lines"]
    return lines


async def behind(intake: Intake, number: str, **query: str) -> list[dict[str, Any]]:
    """All pages of what is behind a number, two at a time."""
    found: list[dict[str, Any]] = []
    params = {"month": month(intake), "number": number, "limit": "2", **query}
    while True:
        answer = await intake.as_(Role.HEAD).get("/v1/rates/requests", params=params)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if (cursor := answer.json().get("next")) is None:
            return found
        params["cursor"] = cursor


_YEARS = text("""
INSERT INTO rate_mark (
    request, entry, month, at, kind, category, grid, channel, responded, resolved, satisfied, flags)
SELECT request, 1000000 + n, month, at, kind, category, grid, channel, responded, resolved, satisfied, flags
FROM rate_mark, generate_series(1, 3000) AS n
""")


async def test_a_page_behind_a_number_reads_a_page_of_the_month(intake: Intake, postgres: str) -> None:
    """And not all of its lines, to sort them."""
    await rated(intake, await intake.resident())
    async with intake.database.transaction("longxi") as session:
        await session.execute(_YEARS)
    await analysed(intake, postgres, "rate_mark", "request")
    first = _first(intake)
    async with intake.database.transaction("longxi") as session:
        before = await looked_at(session, "rate_mark")
        found = await queries.behind(
            session, Number.RESOLVED, first, Narrowed(), reason=None, flag=None, before=None, limit=20
        )
        assert await looked_at(session, "rate_mark") - before < 100
    assert [line.position for line in found] == list(range(1_003_000, 1_002_980, -1))


def _first(intake: Intake) -> date:
    return (intake.clock() + timedelta(hours=8)).date().replace(day=1)


async def test_every_number_opens_to_as_many_requests_as_it_says(intake: Intake) -> None:
    resident = await intake.resident()
    every: list[dict[str, Any]] = [
        {},
        {"satisfied": False},
        {"resolved": False, "satisfied": False},
        {"responded": False},
    ]
    for answers in every:
        await rated(intake, resident, **answers)
    excluded = await rated(intake, resident, excluded=True, reason="unreachable")
    rejected = (await intake.file(resident))["id"]
    await intake.move(rejected, "reject", {"reason": "out_of_area"})
    waiting = (await intake.file(resident))["id"]
    await intake.handled(waiting, resident)
    await intake.move(waiting, "verify")
    await intake.move(waiting, "close", {"outcome": "resolved"})
    withdrawn = (await intake.file(resident))["id"]
    await intake.move(withdrawn, "withdraw", role=Role.PORTAL)

    (line,) = await figures(intake)
    assert (line["rated"], line["responded"], line["resolved"], line["satisfied"]) == (4, 3, 3, 2)
    assert (line["response_rate"], line["resolution_rate"], line["satisfaction_rate"]) == (0.75, 0.75, 0.5)
    assert (line["excluded"], line["exclusion_rate"]) == (1, 0.2)
    assert line["exclusions"] == [{"code": "unreachable", "name": "多次联系不上居民", "count": 1}]
    for number in (
        "rated",
        "responded",
        "resolved",
        "satisfied",
        "excluded",
        "rejected",
        "withdrawn",
        "waiting",
    ):
        assert len(await behind(intake, number)) == line[number], number
    assert len(await behind(intake, "not_satisfied")) == 2
    assert [each["request"] for each in await behind(intake, "excluded")] == [excluded]
    (shown,) = await behind(intake, "rejected")
    assert (shown["request"], shown["reason_name"]) == (rejected, "不在本社区辖区")
    assert [each["request"] for each in await behind(intake, "waiting")] == [waiting]
    for flag in line["flags"]:
        assert len(await behind(intake, "flagged", flag=flag["code"])) == flag["count"]


async def test_answers_by_whoever_did_the_work_are_flagged(intake: Intake) -> None:
    resident = await intake.resident()
    await rated(intake, resident, by="head-1")  # who verified and closed it
    (line,) = await figures(intake)
    assert [flag["code"] for flag in line["flags"]] == ["own_work"]
    (event,) = await intake.published("request.rated")
    assert (event["rater"], event["own_work"]) == ("head", True)


async def test_figures_by_category_channel_grid_and_month(intake: Intake) -> None:
    resident = await intake.resident()
    await rated(intake, resident, category="010503")
    await rated(intake, resident, category="02")
    for by, keys in (
        ("level1", {"01", "02"}),
        ("level2", {"0105", "any"}),
        ("level3", {"010503", "any"}),
        ("department", {"construction", "party_and_government_offices"}),
        ("channel", {"web"}),
        ("grid", {"any"}),
        ("month", {month(intake)}),
    ):
        assert {line["key"] for line in await figures(intake, by=by)} == keys, by
    (narrowed,) = await figures(intake, category="0105")
    assert narrowed["rated"] == 1
    names = {line["key"]: line["name"] for line in await figures(intake, by="level1")}
    assert names["01"] == "城乡建设"


async def test_a_department_answers_for_its_categories_and_its_number_opens(intake: Intake) -> None:
    resident = await intake.resident()
    for category in ("010206", "0602", "0102", "010203", "130809", "13"):
        await rated(intake, resident, category=category)
    found = {line["key"]: line for line in await figures(intake, by="department")}
    assert {key: line["rated"] for key, line in found.items()} == {
        "transport": 2,
        "community": 3,
        "police_and_courts": 1,
    }
    assert found["transport"]["name"] == "交通运输部门"
    assert (await figures(intake, department="transport"))[0]["rated"] == 2
    opened = await behind(intake, "rated", department="transport")
    assert {line["category"] for line in opened} == {"010206", "0602"}
    refused = await intake.as_(Role.HEAD).get(
        "/v1/rates", params={"month": month(intake), "department": "moon"}
    )
    problem(refused, 422, "unknown-code")


async def test_records_of_the_past_are_left_out_and_counted(intake: Intake) -> None:
    row = {"external_id": "1", "resident_ref": "1", "subject": "路灯", "body": "路灯坏了"}
    body = {
        "source": "mayors-letters",
        "history": True,
        "requests": [{**row, "submitted_at": intake.clock().isoformat()}],
    }
    answer = await intake.as_(Role.PORTAL).post("/v1/requests/bulk", json=body)
    assert answer.json()["filed"] == 1, answer.text
    (line,) = await figures(intake)
    assert (line["rated"], line["waiting"], line["history"]) == (0, 0, 1)
    assert line["response_rate"] is None
    assert len(await behind(intake, "history")) == 1


async def test_the_head_gets_a_file(intake: Intake) -> None:
    await rated(intake, await intake.resident())
    query = {"month": month(intake), "by": "level1"}
    problem(await intake.as_().get("/v1/rates/export", params=query), 403, "not-permitted")
    answer = await intake.as_(Role.HEAD).get("/v1/rates/export", params=query)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["key"], row["rated"], row["satisfaction_rate"]) for row in rows] == [("01", "1", "1.0000")]


async def test_everybody_sees_rates_behind_which_five_stand(intake: Intake) -> None:
    resident = await intake.resident()
    path, visitor = "/v1/public/longxi/rates", intake.anybody()
    for _ in range(4):
        await rated(intake, resident)
    query = {"month": month(intake)}
    assert (await visitor.get(path, params=query)).json()["lines"] == []
    await rated(intake, resident, satisfied=False)
    shown = (await visitor.get(path, params=query)).json()
    assert [(line["key"], line["rated"], line["satisfaction_rate"]) for line in shown["lines"]] == [
        ("", 5, 0.8),
        ("01", 5, 0.8),
    ]
    await rated(intake, resident, category="02")
    # One alone could be worked out from the rest, so both are hidden.
    hidden = (await visitor.get(path, params=query)).json()
    assert ([line["key"] for line in hidden["lines"]], hidden["suppressed"]) == ([""], 2)
    problem(await visitor.get("/v1/public/nowhere/rates", params=query), 403, "unknown-tenant")


async def test_months_are_asked_for_the_right_way(intake: Intake) -> None:
    head = intake.as_(Role.HEAD)
    wrong = await head.get("/v1/rates", params={"month": "2026-11", "until": "2026-10"})
    problem(wrong, 422, "months-the-wrong-way")
    for bad in ("2026-13", "202611", "2026-1"):
        assert (await head.get("/v1/rates", params={"month": bad})).status_code == 422
    resident = intake.as_(Role.RESIDENT, await intake.resident())
    problem(await resident.get("/v1/rates", params={"month": "2026-11"}), 403, "not-permitted")
