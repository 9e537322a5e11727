"""A batch of another system's requests: each row filed once, wrong rows refused by themselves."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Engine, event

from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.support.web import problem


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "external_id": f"M{number}",
        "resident_ref": f"A{number % 3}",
        "submitted_at": "2019-03-01T10:00:00+08:00",
        "subject": f"第{number}件事",
        "body": "楼道堆放杂物，消防通道堵了。",
        **changes,
    }


async def bulk(intake: Intake, rows: list[Any], **changes: Any) -> dict[str, Any]:
    body = {"source": "mayors-letters", "requests": rows, **changes}
    answer = await intake.as_(Role.OPERATOR, "operator-1").post("/v1/requests/bulk", json=body)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def counts(result: dict[str, Any]) -> tuple[int, int, int]:
    return result["filed"], result["already"], result["refused"]


async def test_a_batch_is_filed_as_of_now_with_the_original_time_beside(intake: Intake) -> None:
    result = await bulk(intake, [row(number) for number in range(10)])
    assert counts(result) == (10, 0, 0)
    first = result["results"][0]
    record = await intake.read(first["reference"])
    assert (record["id"], record["external_id"], record["source"]) == (first["id"], "M0", "mayors-letters")
    assert record["filed"] == "2026-11-18T02:00:00Z"
    assert record["submitted"] == "2019-03-01T02:00:00Z"
    assert (record["channel"], record["state"], record["subject"]) == ("import", "filed", "第0件事")
    events = await intake.published("request.filed")
    assert len(events) == 10
    assert {event["due"] for event in events} == {record["due"]}


async def test_residents_are_made_once_for_each_reference(intake: Intake) -> None:
    await bulk(intake, [row(number) for number in range(10)])
    await bulk(intake, [row(number) for number in range(10, 20)])
    assert len(await intake.rows("SELECT id FROM resident")) == 3
    assert len(await intake.rows("SELECT DISTINCT resident FROM request")) == 3
    found = await intake.as_().post(
        "/v1/residents/find", json={"external": {"source": "mayors-letters", "ref": "A1"}}
    )
    (resident,) = found.json()["residents"]
    (known,) = await intake.rows("SELECT DISTINCT resident FROM request WHERE external_id = 'M1'")
    assert resident == str(known.resident)


async def test_nothing_is_filed_twice(intake: Intake) -> None:
    first = await bulk(intake, [row(number) for number in range(5)])
    again = await bulk(intake, [row(number) for number in range(7)])
    assert counts(again) == (2, 5, 0)
    assert [each["id"] for each in again["results"][:5]] == [each["id"] for each in first["results"]]
    assert len(await intake.published("request.filed")) == 7
    other_system = await bulk(intake, [row(0)], source="hotline")
    assert counts(other_system) == (1, 0, 0)


async def test_a_row_that_stands_twice_in_a_batch_is_filed_once(intake: Intake) -> None:
    result = await bulk(intake, [row(1), row(2), row(1)])
    assert [each["result"] for each in result["results"]] == ["filed", "filed", "already"]
    assert result["results"][0]["id"] == result["results"][2]["id"]


async def test_imports_at_the_same_time_file_each_row_once(intake: Intake) -> None:
    rows = [row(number, resident_ref=f"A{number}") for number in range(60)]
    results = await asyncio.gather(*(bulk(intake, rows[at:] + rows[:at]) for at in (0, 20, 40)))
    assert sum(result["filed"] for result in results) == 60
    assert sum(result["already"] for result in results) == 120
    assert len(await intake.rows("SELECT id FROM request")) == 60
    assert len(await intake.rows("SELECT id FROM resident")) == 60
    assert len(await intake.published("request.filed")) == 60


@pytest.mark.parametrize(
    ("wrong", "field", "reason"),
    [
        (row(1, subject=""), "/subject", "string-too-short"),
        (row(1, body="   "), "/body", "blank"),
        (row(1, body="a\x00b"), "/body", "control-character"),
        (row(1, submitted_at="2019-03-01 10:00"), "/submitted_at", "timezone-aware"),
        (row(1, submitted_at="2099-03-01T10:00:00+08:00"), "/submitted_at", "in-future"),
        (row(1, category="99"), "/category", "unknown-code"),
        (row(1, urgency="at once"), "/urgency", "enum"),
        (row(1, upvotes=3), "/upvotes", "extra-forbidden"),
        ({"external_id": "M1"}, "/resident_ref", "missing"),
        ("not a row", "", "model-type"),
    ],
)
async def test_a_wrong_row_is_named_and_harms_no_other(
    intake: Intake, wrong: Any, field: str, reason: str
) -> None:
    result = await bulk(intake, [row(0), wrong, row(2)])
    assert counts(result) == (2, 0, 1)
    refused = result["results"][1]
    assert (refused["row"], refused["field"], refused["reason"]) == (1, field, reason)
    assert refused["detail"]


async def test_records_of_the_past_are_closed_from_the_start(intake: Intake) -> None:
    result = await bulk(intake, [row(0), row(1, submitted_at=None)], history=True)
    assert counts(result) == (1, 0, 1)
    assert result["results"][1]["field"] == "/submitted_at"
    record = await intake.read(result["results"][0]["id"])
    assert (record["state"], record["history"], record["filed"]) == ("closed", True, "2019-03-01T02:00:00Z")
    assert (record["step"], record["allowed"], record["overdue"]) == (None, [], False)
    (event,) = await intake.published("request.filed")
    assert event["history"] is True
    refused = await intake.move(record["id"], "reopen", {"reason": "came_back"})
    problem(refused, 409, "illegal-move")


async def test_a_batch_has_at_most_200_rows(intake: Intake) -> None:
    body = {"source": "mayors-letters", "requests": [row(number) for number in range(201)]}
    answer = await intake.as_(Role.OPERATOR, "operator-1").post("/v1/requests/bulk", json=body)
    problem(answer, 422, "invalid-request")


async def test_a_batch_takes_a_fixed_number_of_statements(intake: Intake) -> None:
    """Ten rows or two hundred: the same few statements."""
    taken: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        taken.append(statement)

    # The first transaction of a connection sets its scope by a statement of its own.
    await bulk(intake, [row(5000, resident_ref="R5000")])
    counted = []
    event.listen(Engine, "before_cursor_execute", note)
    try:
        for size, at in ((10, 0), (200, 1000)):
            rows = [row(number, resident_ref=f"R{number}") for number in range(at, at + size)]
            taken.clear()
            assert counts(await bulk(intake, rows)) == (size, 0, 0)
            counted.append(len(taken))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert counted[0] == counted[1] <= 10
