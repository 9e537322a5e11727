"""A request that says several things is split; the whole one ends after its parts, and its story knows of them."""

import asyncio
from datetime import date, timedelta
from typing import Any

import httpx

from shared.contracts.district import HolidayChanged
from shared.database import new_id
from shared.security import Role
from tests.services.intake.conftest import CONCERN, Intake, grid
from tests.support.web import problem

PARTS = [
    {"subject": "路灯不亮", "category": "0105"},
    {"subject": "垃圾清运", "body": "垃圾桶满了没人倒。", "address": "龙溪花园5栋", "category": "0102"},
]


async def split(
    intake: Intake, id: str, parts: list[dict[str, Any]] | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    client = intake.as_(Role.WORKER, "worker-1")
    return await client.post(f"/v1/requests/{id}/split", json={"parts": parts or PARTS}, headers=headers)


async def whole_and_parts(intake: Intake) -> tuple[str, str, list[str]]:
    resident = await intake.resident()
    id = (await intake.file(resident, address="龙溪花园3栋"))["id"]
    answer = await split(intake, id)
    assert answer.status_code == 201, answer.text
    return resident, id, [part["id"] for part in answer.json()["parts"]]


async def test_parts_are_requests_of_their_own_under_the_same_limit(intake: Intake) -> None:
    await intake.receive(grid(("龙溪花园3栋",)))
    await intake.receive(grid(("龙溪花园5栋",)))
    resident = await intake.resident()
    receipt = await intake.file(resident, address="龙溪花园3栋")
    await intake.move(receipt["id"], "supervise", {"reason": "safety_hazard"})
    intake.clock.advance(timedelta(days=1))
    answer = (await split(intake, receipt["id"])).json()
    assert (answer["whole"]["state"], answer["whole"]["version"]) == ("filed", 3)
    whole = await intake.read(receipt["id"])
    first, second = [await intake.read(part["id"]) for part in answer["parts"]]
    for part in (first, second):
        assert (part["parent"], part["resident"], part["state"]) == (receipt["id"], resident, "filed")
        assert (part["due"], part["supervision_reason"]) == (whole["due"], "safety_hazard"), "no time is won"
        assert part["channel"] == whole["channel"]
    assert (first["body"], first["address"]) == (CONCERN["body"], "龙溪花园3栋")
    assert (second["body"], second["address"], second["category"]) == (
        "垃圾桶满了没人倒。",
        "龙溪花园5栋",
        "0102",
    )
    assert len({first["grid"], second["grid"], None}) == 3
    filed = await intake.published("request.filed")
    assert [event["parent"] for event in filed] == [None, receipt["id"], receipt["id"]]
    last = (await intake.story(receipt["id"]))[-1]
    assert (last["entry"], last["details"]) == ("split", {"parts": [first["id"], second["id"]]})


async def test_a_notice_moves_whole_and_parts_alike(intake: Intake) -> None:
    _, id, parts = await whole_and_parts(intake)
    await intake.receive(
        HolidayChanged(notice=new_id(), year=2026, holidays=(date(2026, 11, 25),), workdays=())
    )
    assert {(await intake.read(each))["due"] for each in (id, *parts)} == {"2026-11-26T09:30:00Z"}


async def test_words_that_are_filled_in_are_read_and_the_resident_sees_it(intake: Intake) -> None:
    _, id, _ = await whole_and_parts(intake)
    reads = await intake.rows("SELECT purpose, fields, request FROM personal_read")
    assert [(row.purpose, row.fields, str(row.request)) for row in reads] == [
        ("handle_request", ["request.subject", "request.body", "request.address"], id)
    ]
    stored = await intake.rows("SELECT subject, body FROM request_text")
    for row in stored:
        assert "路灯".encode() not in bytes(row.subject) + bytes(row.body)


async def test_a_whole_is_not_closed_before_its_parts(intake: Intake) -> None:
    resident, id, parts = await whole_and_parts(intake)
    await intake.handled(id, resident)
    await intake.move(id, "verify")
    references = [(await intake.read(part))["reference"] for part in parts]
    refused = problem(await intake.move(id, "close", {"outcome": "resolved"}), 409, "open-parts")
    assert all(reference in refused["detail"] for reference in references)
    assert (await intake.read(id))["state"] == "verified"
    for part in parts:
        await intake.handled(part, resident)
        await intake.move(part, "verify")
        assert (await intake.move(part, "close", {"outcome": "resolved"})).status_code == 200
    assert (await intake.move(id, "close", {"outcome": "resolved"})).status_code == 200
    told = [entry for entry in await intake.story(id) if entry["entry"] == "part_closed"]
    assert [entry["details"] for entry in told] == [
        {"part": part, "state": "closed", "outcome": "resolved"} for part in parts
    ]
    assert {entry["to_state"] for entry in told} == {"verified"}


async def test_a_whole_is_not_rejected_before_its_parts(intake: Intake) -> None:
    _, id, parts = await whole_and_parts(intake)
    problem(await intake.move(id, "reject", {"reason": "out_of_area"}), 409, "open-parts")
    problem(await intake.move(id, "mark-duplicate", {"of": parts[0]}), 409, "open-parts")
    for part in parts:
        await intake.move(part, "reject", {"reason": "out_of_area"})
    assert (await intake.move(id, "reject", {"reason": "out_of_area"})).status_code == 200
    assert [entry["entry"] for entry in await intake.story(id)][-3:] == ["part_ended", "part_ended", "reject"]


async def test_what_the_resident_takes_back_is_taken_back_with_its_parts(intake: Intake) -> None:
    resident, id, parts = await whole_and_parts(intake)
    await intake.handled(parts[0], resident)
    own = intake.as_(Role.RESIDENT, resident)
    assert (await own.post(f"/v1/requests/{id}/withdraw")).json()["state"] == "withdrawn"
    states = [(await intake.read(part))["state"] for part in parts]
    assert states == ["handled", "withdrawn"], "what was done already is checked and closed"
    withdrawn = [event["request"] for event in await intake.published("request.withdrawn")]
    assert set(withdrawn) == {id, parts[1]}


async def test_a_part_is_not_split_again(intake: Intake) -> None:
    _, id, parts = await whole_and_parts(intake)
    refused = problem(await split(intake, parts[0]), 409, "part-of-another")
    assert refused["detail"].startswith("该诉求本身是拆分件")
    many = [{"subject": f"第{number}件"} for number in range(19)]
    problem(await split(intake, id, many), 409, "too-many-parts")
    assert (await split(intake, id, many[:18])).status_code == 201


async def test_what_is_handled_is_not_split(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    await intake.handled(id, resident)
    problem(await split(intake, id), 409, "illegal-move")
    assert len(await intake.rows("SELECT id FROM request")) == 1


async def test_parts_are_listed_and_only_for_those_who_may(intake: Intake) -> None:
    resident, id, parts = await whole_and_parts(intake)
    listed = (await intake.as_(Role.RESIDENT, resident).get(f"/v1/requests/{id}/parts")).json()
    assert [part["id"] for part in listed["parts"]] == parts
    other = intake.as_(Role.RESIDENT, await intake.resident())
    problem(await other.get(f"/v1/requests/{id}/parts"), 404, "request-not-found")
    problem(await other.post(f"/v1/requests/{id}/split", json={"parts": PARTS}), 403, "not-permitted")


async def test_split_once_for_a_key_and_seen_by_if_match(intake: Intake) -> None:
    id = (await intake.file())["id"]
    first = await split(intake, id, headers={"Idempotency-Key": "split-1"})
    again = await split(intake, id, headers={"Idempotency-Key": "split-1"})
    assert first.json() == again.json()
    assert len(await intake.rows("SELECT id FROM request")) == 3
    problem(await split(intake, id, headers={"If-Match": '"1"'}), 412, "precondition-failed")


async def test_closing_the_last_part_and_the_whole_at_once_never_leaves_a_closed_whole_with_an_open_part(
    intake: Intake,
) -> None:
    resident = await intake.resident()
    for _ in range(5):
        id = (await intake.file(resident))["id"]
        (part,) = [each["id"] for each in (await split(intake, id, PARTS[:1])).json()["parts"]]
        for each in (id, part):
            await intake.handled(each, resident)
            await intake.move(each, "verify")
        closing = [intake.move(each, "close", {"outcome": "resolved"}) for each in (id, part)]
        withdrawing = intake.as_(Role.RESIDENT, resident).post(f"/v1/requests/{id}/withdraw")
        whole, _, _ = await asyncio.gather(*closing, withdrawing)
        assert whole.status_code in {200, 409}
        states = [(await intake.read(each))["state"] for each in (id, part)]
        assert states in (["verified", "closed"], ["closed", "closed"])
