"""A request is filed once, whichever way it takes, with its number, its grid and its limits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.requests.reference import parse
from shared.database import Database, new_id
from shared.security import Role
from tests.services.intake.conftest import CONCERN, Intake, grid
from tests.support.web import problem


async def test_a_receipt_has_a_number_that_can_be_checked_and_the_due_time(intake: Intake) -> None:
    receipt = await intake.file()
    assert parse(receipt["reference"]) == receipt["reference"]
    assert receipt["reference"].startswith("261118-")
    assert receipt["state"] == "filed"
    # Filed on Wednesday the 18th: 7 days end when work ends on Wednesday the 25th.
    assert receipt["due"] == "2026-11-25T09:30:00Z"
    assert receipt["due_provisional"] is False


async def test_filing_publishes_the_fact_without_a_word_of_what_was_said(intake: Intake) -> None:
    receipt = await intake.file(channel="hotline", urgency="urgent", category="0101")
    (event,) = await intake.published()
    assert event["type"] == "request.filed"
    assert event["request"] == receipt["id"]
    assert (event["channel"], event["urgency"], event["category"]) == ("hotline", "urgent", "0101")
    assert event["history"] is False
    assert "路灯" not in str(event)


async def test_the_story_begins_with_the_filing(intake: Intake) -> None:
    receipt = await intake.file(channel="walk_in")
    (entry,) = await intake.story(receipt["id"])
    assert (entry["entry"], entry["to_state"]) == ("filed", "filed")
    assert (entry["role"], entry["by"]) == ("worker", "worker-1")
    assert entry["details"] == {"channel": "walk_in", "on_behalf": True}


async def test_words_are_encrypted_where_they_lie(intake: Intake) -> None:
    receipt = await intake.file(address="龙溪花园3栋2单元501室")
    (row,) = await intake.rows("SELECT subject, body, address FROM request_text")
    stored = bytes(row.subject) + bytes(row.body) + bytes(row.address)
    assert not any(word.encode() in stored for word in ("路灯", "龙溪", "501"))
    record = await intake.read(receipt["id"])
    assert (record["subject"], record["address"]) == (CONCERN["subject"], "龙溪花园3栋2单元501室")


def facts(row: Any) -> dict[str, Any]:
    """A row without what differs from filing to filing."""
    different = {"id", "reference", "resident", "request"}
    return {name: value for name, value in row._mapping.items() if name not in different}


async def test_both_ways_of_filing_write_the_same(intake: Intake) -> None:
    """The hot path (a known resident) and the ordinary one (a new resident) differ in speed only."""
    await intake.receive(grid(("龙溪花园",), catch_all=True))
    said = {**CONCERN, "address": "龙溪花园3栋", "urgency": "urgent", "channel": "hotline", "category": "01"}
    known = await intake.file(await intake.resident(), **said)
    answer = await intake.as_().post(
        "/v1/requests", json={**said, "new_resident": {"name": "李四", "gender": "male"}}
    )
    new = answer.json()
    assert answer.status_code == 201, answer.text
    assert {k: v for k, v in known.items() if k not in {"id", "reference", "resident"}} == {
        k: v for k, v in new.items() if k not in {"id", "reference", "resident"}
    }
    first, second = await intake.rows("SELECT * FROM request ORDER BY id")
    assert facts(first) == facts(second)
    one, two = await intake.rows(
        "SELECT at, entry, from_state, to_state, role, actor, reason, details FROM request_story"
    )
    assert facts(one) == facts(two)
    filed, again = await intake.published("request.filed")
    for event in (filed, again):
        for name in ("request", "resident", "reference"):
            del event[name]
    assert filed == again


async def test_a_resident_files_for_themselves_only(intake: Intake) -> None:
    me, other = await intake.resident(), await intake.resident()
    client = intake.as_(Role.RESIDENT, me)
    mine = await client.post("/v1/requests", json=CONCERN)
    assert (mine.status_code, mine.json()["resident"]) == (201, me)
    (entry,) = await intake.story(mine.json()["id"])
    assert (entry["role"], entry["by"], entry["details"]) == ("resident", me, {"channel": "web"})
    problem(await client.post("/v1/requests", json={**CONCERN, "resident": other}), 403, "own-requests-only")
    problem(
        await client.post("/v1/requests", json={**CONCERN, "new_resident": {"name": "王五"}}),
        403,
        "own-requests-only",
    )


@pytest.mark.parametrize(
    ("changes", "status", "type", "reason"),
    [
        ({"resident": str(new_id())}, 404, "resident-not-found", "nobody"),
        ({"category": "999999"}, 422, "unknown-code", "not in the taxonomy"),
        ({"category": "1"}, 422, "invalid-request", "not even in its form"),
        ({"channel": "import"}, 422, "invalid-request", "only a bulk filing is an import"),
        ({"subject": " "}, 422, "invalid-request", "says nothing"),
        ({"body": "x" * 10_001}, 422, "invalid-request", "longer than anyone reads"),
        ({"new_resident": {"name": "李四"}}, 422, "one-resident", "two residents at once"),
    ],
)
async def test_what_cannot_be_filed_is_refused(
    intake: Intake, changes: dict[str, Any], status: int, type: str, reason: str
) -> None:
    body = {**CONCERN, "resident": await intake.resident(), **changes}
    problem(await intake.as_().post("/v1/requests", json=body), status, type)
    assert await intake.rows("SELECT id FROM request") == [], reason
    assert await intake.published() == []


async def test_a_worker_of_the_same_gender_needs_a_known_gender(intake: Intake) -> None:
    unknown = await intake.resident(gender=None)
    body = {**CONCERN, "resident": unknown, "prefers_same_gender": True}
    problem(await intake.as_().post("/v1/requests", json=body), 422, "gender-unknown")
    await intake.file(await intake.resident(gender="female"), prefers_same_gender=True)
    (event,) = await intake.published("request.filed")
    assert (event["prefers_same_gender"], event["resident_gender"]) == (True, "female")


@pytest.mark.parametrize("known", [True, False], ids=["hot path", "ordinary path"])
async def test_the_same_key_files_once(intake: Intake, known: bool) -> None:
    whose: dict[str, Any] = (
        {"resident": await intake.resident()} if known else {"new_resident": {"name": "李四"}}
    )
    residents = len(await intake.rows("SELECT id FROM resident"))
    client, headers = intake.as_(), {"Idempotency-Key": "call-1"}
    answers = await asyncio.gather(
        *(client.post("/v1/requests", json={**CONCERN, **whose}, headers=headers) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await intake.rows("SELECT id FROM request")) == 1
    assert len(await intake.published("request.filed")) == 1
    assert len(await intake.rows("SELECT id FROM resident")) == residents + (0 if known else 1)
    other = {**CONCERN, **whose, "subject": "另一件事"}
    problem(await client.post("/v1/requests", json=other, headers=headers), 422, "idempotency-key-reused")


async def test_numbers_are_taken_in_blocks_and_never_twice(intake: Intake) -> None:
    resident = await intake.resident()
    receipts = await asyncio.gather(*(intake.file(resident) for _ in range(120)))
    assert len({receipt["reference"] for receipt in receipts}) == 120
    (row,) = await intake.rows("SELECT last_value FROM request_number")
    assert row.last_value <= 2  # two blocks of a hundred, not one value for each


async def test_the_address_finds_the_grid(intake: Intake) -> None:
    building, rest = new_id(), new_id()
    await intake.receive(grid(("龙溪花园3栋",), grid=building))
    await intake.receive(grid((), grid=rest, catch_all=True))
    resident = await intake.resident()
    cases = {"龙溪花园三栋2单元501": building, "某条没人知道的路8号": rest}
    for address, expected in cases.items():
        receipt = await intake.file(resident, address=address)
        assert receipt["grid"] == str(expected), address
    assert (await intake.file(resident))["grid"] is None  # no place was given


async def test_a_filing_cannot_reach_into_another_community(intake: Intake) -> None:
    """Row-level security is on in the one-statement path: the scope is set before any table is touched."""
    theirs = await intake.resident(tenant="yuhu")
    ours = await intake.resident()
    for _ in range(8):  # past the fifth time the server may plan a prepared statement anew
        body = {**CONCERN, "resident": theirs}
        problem(await intake.as_().post("/v1/requests", json=body), 404, "resident-not-found")
        await intake.file(ours)
        answer = await intake.as_(tenant="yuhu").post("/v1/requests", json=body)
        assert answer.status_code == 201
    assert len(await intake.rows("SELECT id FROM request")) == 8
    assert len(await intake.rows("SELECT id FROM request", tenant="yuhu")) == 8
    assert {row.tenant for row in await intake.rows("SELECT tenant FROM outbox")} == {"longxi"}
    assert {row.tenant for row in await intake.rows("SELECT tenant FROM request_story", tenant="yuhu")} == {
        "yuhu"
    }


async def test_a_held_key_of_another_community_does_not_help(intake: Intake) -> None:
    """Even with the key in this process, the statement looks for the resident among the caller's own."""
    theirs = await intake.resident(tenant="yuhu")
    answer = await intake.as_(tenant="yuhu").post("/v1/requests", json={**CONCERN, "resident": theirs})
    assert answer.status_code == 201
    holder = intake.desk.keys.held("yuhu", UUID(theirs))
    assert holder is not None
    intake.desk.keys.hold("longxi", holder)
    problem(
        await intake.as_().post("/v1/requests", json={**CONCERN, "resident": theirs}), 410, "resident-erased"
    )
    assert await intake.rows("SELECT id FROM request") == []


class Counting(Database):
    """Counts what goes to the database."""

    trips = 0

    async def statement(self, sql: str, *arguments: Any) -> list[Any]:
        self.trips += 1
        return await super().statement(sql, *arguments)

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[AsyncSession]:
        self.trips += 3  # at least: scope, something, commit
        async with super().transaction(tenant) as session:
            yield session


async def test_filing_for_a_resident_whose_key_is_held_is_one_round_trip(intake: Intake) -> None:
    resident = await intake.resident()
    database = Counting(intake.database.url, pool=2)
    await database.start()
    try:
        process = intake.another_process(database)
        await process.file_only(
            resident, address="龙溪花园3栋"
        )  # learns the key, the calendar, the grids, a block of numbers
        database.trips = 0
        await process.file_only(resident, address="龙溪花园3栋", key="call-1")
        assert database.trips == 1
    finally:
        await database.stop()
