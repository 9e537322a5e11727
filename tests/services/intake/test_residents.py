"""Residents: encrypted at rest, found without being shown, every read written down for the resident to see."""

from typing import Any
from uuid import UUID

import pytest

from services.intake.residents.keys import KEPT
from shared.database import new_id
from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.support.web import problem

PERSON: dict[str, Any] = {
    "name": "张三",
    "phone": "+86 199-0000-1234",
    "email": "zhangsan@example.org",
    "address": "龙溪花园3栋2单元501室",
    "gender": "female",
    "birth_year": 1958,
    "language": "zh",
}


async def read(intake: Intake, resident: str, role: Role = Role.WORKER, *, purpose: str | None = None) -> Any:
    subject = resident if role is Role.RESIDENT else "worker-1"
    headers = {} if purpose is None else {"X-Purpose": purpose}
    return await intake.as_(role, subject).get(f"/v1/residents/{resident}", headers=headers)


async def reads(intake: Intake, resident: str) -> list[dict[str, Any]]:
    answer = await intake.as_(Role.RESIDENT, resident).get(f"/v1/residents/{resident}/reads")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_the_answer_to_a_registration_has_the_id_only(intake: Intake) -> None:
    answer = await intake.as_().post("/v1/residents", json=PERSON)
    assert answer.status_code == 201
    assert list(answer.json()) == ["id"]


async def test_what_was_registered_can_be_read_back(intake: Intake) -> None:
    resident = await intake.resident(**PERSON)
    record = (await read(intake, resident, purpose="visit")).json()
    assert {name: record[name] for name in PERSON} == {**PERSON, "phone": "19900001234"}


async def test_nothing_personal_lies_in_clear(intake: Intake) -> None:
    await intake.resident(**PERSON)
    (row,) = await intake.rows(
        "SELECT resident::text || encode(name, 'escape') || encode(phone, 'escape') || encode(email, 'escape')"
        " || encode(address, 'escape') || encode(birth_year, 'escape') AS all FROM resident"
    )
    for word in ("张三", "1234", "zhangsan", "龙溪", "1958"):
        assert word not in row.all


async def test_the_same_words_of_two_residents_look_different(intake: Intake) -> None:
    await intake.resident(**PERSON)
    await intake.resident(**PERSON)
    assert len(await intake.rows("SELECT DISTINCT name FROM resident")) == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"phone": "12345678901234567890"}, "/phone"),
        ({"phone": "call me"}, "/phone"),
        ({"email": "zhangsan@nowhere"}, "/email"),
        ({"birth_year": 1890}, "/birth_year"),
        ({"birth_year": 2027}, "/birth_year"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(
    intake: Intake, changes: dict[str, Any], field: str
) -> None:
    answer = await intake.as_().post("/v1/residents", json={**PERSON, **changes})
    document = problem(answer, 422, "invalid-value")
    assert document["errors"][0]["field"] == field
    assert await intake.rows("SELECT id FROM resident") == []


async def test_every_read_is_recorded_and_the_resident_sees_it(intake: Intake) -> None:
    resident = await intake.resident(**PERSON)
    receipt = await intake.file(resident, address="龙溪花园3栋")
    await read(intake, resident, purpose="visit")
    await intake.read(receipt["id"])
    contacts = {"purpose": "notify", "residents": [resident]}
    await intake.as_(Role.SERVICE, "notifications").post("/v1/contacts", json=contacts)
    await read(intake, resident, Role.RESIDENT)

    seen = await reads(intake, resident)
    assert [(each["reader_role"], each["reader"], each["purpose"]) for each in seen] == [
        ("resident", resident, "own_access"),
        ("service", "notifications", "notify"),
        ("worker", "worker-1", "handle_request"),
        ("worker", "worker-1", "visit"),
    ]
    assert seen[1]["fields"] == ["name", "phone", "email"]
    assert (seen[2]["fields"], seen[2]["request"]) == (
        ["request.subject", "request.body", "request.address"],
        receipt["id"],
    )
    assert seen[3]["purpose_name"] == "上门探访"
    assert all(each["at"] == "2026-11-18T02:00:00Z" for each in seen)


async def test_a_list_of_requests_shows_no_words_and_so_is_no_read(intake: Intake) -> None:
    resident = await intake.resident()
    await intake.file(resident)
    (line,) = (await intake.as_().get("/v1/requests")).json()["items"]
    assert not {"subject", "body", "address"} & line.keys()
    assert await reads(intake, resident) == []


async def test_reading_without_a_purpose_of_the_list_is_refused_and_shows_nothing(intake: Intake) -> None:
    resident = await intake.resident(**PERSON)
    problem(await read(intake, resident), 422, "purpose-missing")
    problem(await read(intake, resident, purpose="curiosity"), 422, "unknown-code")
    body = {"purpose": "curiosity", "residents": [resident]}
    problem(
        await intake.as_(Role.SERVICE, "notifications").post("/v1/contacts", json=body), 422, "unknown-code"
    )
    assert await reads(intake, resident) == []


async def test_contacts_come_in_order_without_the_unknown(intake: Intake) -> None:
    first, second = await intake.resident(**PERSON), await intake.resident(name="李四", phone=None)
    body = {"purpose": "notify", "residents": [second, str(new_id()), first]}
    answer = await intake.as_(Role.SERVICE, "notifications").post("/v1/contacts", json=body)
    assert answer.json() == {
        "contacts": [
            {"resident": second, "name": "李四", "phone": None, "email": None, "language": "zh"},
            {
                "resident": first,
                "name": "张三",
                "phone": "19900001234",
                "email": "zhangsan@example.org",
                "language": "zh",
            },
        ],
        "without_consent": [],
    }


async def test_contacts_are_for_services(intake: Intake) -> None:
    body = {"purpose": "notify", "residents": [await intake.resident()]}
    for role in set(Role) - {Role.SERVICE}:
        problem(await intake.as_(role).post("/v1/contacts", json=body), 403, "not-permitted")


@pytest.mark.parametrize(
    "typed", ["19900001234", "+8619900001234", "199 0000 1234", "１９９００００１２３４"]
)
async def test_a_resident_is_found_by_phone_however_it_is_typed(intake: Intake, typed: str) -> None:
    resident = await intake.resident(**PERSON)
    await intake.resident(name="李四", phone="19900009999")
    found = await intake.as_().post("/v1/residents/find", json={"phone": typed})
    assert found.json() == {"residents": [resident]}


async def test_a_resident_is_found_by_another_system_s_number(intake: Intake) -> None:
    external = {"source": "hotline", "ref": "H-77"}
    resident = await intake.resident(external=external)
    found = await intake.as_().post("/v1/residents/find", json={"external": external})
    assert found.json() == {"residents": [resident]}
    again = await intake.as_().post("/v1/residents", json={"name": "李四", "external": external})
    problem(again, 409, "resident-reference-taken")
    other = await intake.as_().post("/v1/residents/find", json={"external": {**external, "source": "web"}})
    assert other.json() == {"residents": []}
    problem(await intake.as_().post("/v1/residents/find", json={}), 422, "one-of-two")


async def test_a_changed_contact_is_announced(intake: Intake) -> None:
    resident = await intake.resident(**PERSON)
    client, path = intake.as_(), f"/v1/residents/{resident}/contact"
    problem(await client.put(path, json={"name": "张三丰"}), 428, "precondition-required")
    changed = await client.put(
        path, json={"name": "张三丰", "phone": "19900005678"}, headers={"If-Match": '"1"'}
    )
    assert changed.json() == {"id": resident, "version": 2}
    problem(
        await client.put(path, json={"name": "x"}, headers={"If-Match": '"1"'}), 412, "precondition-failed"
    )
    (event,) = await intake.published()
    assert event == {"type": "resident.contact_changed", "resident": resident}
    record = (await read(intake, resident, purpose="visit")).json()
    assert (record["name"], record["phone"], record["email"]) == ("张三丰", "19900005678", None)
    assert record["birth_year"] == 1958  # not a contact
    old = await client.post("/v1/residents/find", json={"phone": PERSON["phone"]})
    assert old.json() == {"residents": []}


async def test_a_resident_sees_and_changes_their_own_record_only(intake: Intake) -> None:
    mine, other = await intake.resident(), await intake.resident()
    client = intake.as_(Role.RESIDENT, mine)
    assert (await client.get(f"/v1/residents/{mine}")).status_code == 200
    for call in (
        client.get(f"/v1/residents/{other}"),
        client.get(f"/v1/residents/{other}/reads"),
        client.delete(f"/v1/residents/{other}"),
        client.put(f"/v1/residents/{other}/contact", json={"name": "x"}, headers={"If-Match": '"1"'}),
    ):
        problem(await call, 404, "resident-not-found")
    problem(
        await intake.as_(Role.RESIDENT, "not-an-id").get(f"/v1/residents/{mine}"),
        403,
        "token-without-resident",
    )


async def test_another_community_s_resident_does_not_exist(intake: Intake) -> None:
    theirs = await intake.resident(tenant="yuhu")
    problem(await read(intake, theirs, purpose="visit"), 404, "resident-not-found")
    body = {"purpose": "notify", "residents": [theirs]}
    answer = await intake.as_(Role.SERVICE, "notifications").post("/v1/contacts", json=body)
    assert answer.json() == {"contacts": [], "without_consent": []}


async def test_a_key_is_held_for_minutes_and_few_are_held(intake: Intake) -> None:
    resident = await intake.resident()
    await intake.file(resident)
    keys = intake.desk.keys
    assert keys.held("longxi", UUID(resident)) is not None
    intake.clock.advance(KEPT)
    assert keys.held("longxi", UUID(resident)) is None
