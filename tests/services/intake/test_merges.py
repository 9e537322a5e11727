"""Two records of one person: shown together, told once, parted again exactly as they were."""

import asyncio
from datetime import date, timedelta
from typing import Any

from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.support.identities import number_of
from tests.support.web import problem

_RECORDS = "SELECT id, name, phone, email, address, language, merged_into FROM resident ORDER BY id"
_REST = """
SELECT (SELECT array_agg(resident::text || kind ORDER BY resident, kind) FROM resident_index) AS indexes,
       (SELECT array_agg(id::text || resident ORDER BY id) FROM request) AS requests,
       (SELECT array_agg(resident::text || encode(wrapped, 'hex') ORDER BY resident) FROM resident_key) AS keys
"""


async def merge(intake: Intake, kept: str, other: str) -> Any:
    return await intake.as_(Role.HEAD, "head-1").post(f"/v1/residents/{kept}/merges", json={"other": other})


async def undo(intake: Intake, merge: str) -> Any:
    return await intake.as_(Role.HEAD, "head-1").post(f"/v1/merges/{merge}/undo")


async def test_a_merged_person_is_seen_as_one(intake: Intake) -> None:
    kept = await intake.resident(phone="19900000001")
    other = await intake.resident(phone="19900000002", email="old@example.org")
    first, second = await intake.file(kept), await intake.file(other)
    assert (await merge(intake, kept, other)).status_code == 201

    for resident in (kept, other):
        listed = await intake.as_(Role.RESIDENT, resident).get("/v1/requests")
        assert {line["id"] for line in listed.json()["items"]} == {first["id"], second["id"]}
        for request in (first, second):
            read = await intake.as_(Role.RESIDENT, resident).get(f"/v1/requests/{request['id']}")
            assert read.status_code == 200
    for phone in ("19900000001", "19900000002"):
        found = await intake.as_().post("/v1/residents/find", json={"phone": phone})
        assert found.json() == {"residents": [kept]}
    body = {"purpose": "notify", "residents": [other]}
    contacts = await intake.as_(Role.SERVICE, "notifications").post("/v1/contacts", json=body)
    assert contacts.json()["contacts"][0]["phone"] == "19900000001", (
        "the person's contact is the kept record's"
    )
    (event,) = await intake.published("resident.contact_changed")
    assert event["resident"] == other
    record = await intake.as_().get(f"/v1/residents/{other}", headers={"X-Purpose": "visit"})
    assert record.json()["merged_into"] == kept


async def test_undone_both_are_exactly_as_they_were(intake: Intake) -> None:
    kept, other = await intake.resident(phone="19900000001"), await intake.resident(phone="19900000002")
    await intake.file(kept)
    await intake.file(other)
    before = (await intake.rows(_RECORDS), await intake.rows(_REST))
    merged = (await merge(intake, kept, other)).json()
    assert await intake.rows(_RECORDS) != before[0]
    assert (await undo(intake, merged["id"])).status_code == 200
    assert (await intake.rows(_RECORDS), await intake.rows(_REST)) == before
    problem(await undo(intake, merged["id"]), 409, "already-undone")
    listed = await intake.as_(Role.RESIDENT, other).get("/v1/requests")
    assert len(listed.json()["items"]) == 1
    assert (await merge(intake, other, kept)).status_code == 201, "and the other way round, if that is right"


async def test_what_is_no_merge(intake: Intake) -> None:
    one, two, three = [await intake.resident() for _ in range(3)]
    problem(await merge(intake, one, one), 409, "same-record")
    assert (await merge(intake, one, two)).status_code == 201
    problem(await merge(intake, two, three), 409, "already-merged")
    problem(await merge(intake, three, two), 409, "already-merged")
    problem(await merge(intake, three, one), 409, "has-merged")
    numbered = [
        await intake.resident(id_number=number_of(date(1958, 3, 4), order), gender=None) for order in (2, 4)
    ]
    problem(await merge(intake, *numbered), 409, "identities-differ")
    problem(
        await intake.as_(Role.WORKER).post(f"/v1/residents/{one}/merges", json={"other": three}),
        403,
        "not-permitted",
    )


async def test_after_a_month_it_stays(intake: Intake) -> None:
    kept, other = await intake.resident(), await intake.resident()
    merged = (await merge(intake, kept, other)).json()
    intake.clock.advance(timedelta(days=31))
    problem(await undo(intake, merged["id"]), 409, "undo-too-late")


async def test_merged_in_both_directions_at_once_one_of_them_holds(intake: Intake) -> None:
    one, two = await intake.resident(), await intake.resident()
    answers = await asyncio.gather(merge(intake, one, two), merge(intake, two, one))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    pointers = [row.merged_into for row in await intake.rows(_RECORDS)]
    assert sum(pointer is not None for pointer in pointers) == 1


async def test_erasing_one_record_erases_the_person(intake: Intake) -> None:
    kept, other = await intake.resident(), await intake.resident()
    await merge(intake, kept, other)
    assert (await intake.as_(Role.RESIDENT, other).delete(f"/v1/residents/{other}")).status_code == 204
    assert await intake.rows("SELECT resident FROM resident_key") == []
    erased = {event["resident"] for event in await intake.published("resident.erased")}
    assert erased == {kept, other}
