"""Identity numbers: encrypted, found by a blind index, one person's only, shown whole to nobody who did not ask why."""

import asyncio
from datetime import date
from typing import Any

from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.support.identities import number_of
from tests.support.web import problem

BORN = date(1958, 3, 4)
NUMBER = number_of(BORN, 2)


async def reads(intake: Intake, resident: str) -> list[dict[str, Any]]:
    answer = await intake.as_(Role.RESIDENT, resident).get(f"/v1/residents/{resident}/reads")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_gender_and_date_follow_from_the_number_which_is_shown_masked(intake: Intake) -> None:
    resident = await intake.resident(id_number=NUMBER, gender=None)
    path = f"/v1/residents/{resident}"
    record = (await intake.as_().get(path, headers={"X-Purpose": "visit"})).json()
    assert (record["gender"], record["birth_date"], record["birth_year"]) == ("female", "1958-03-04", 1958)
    assert record["id_number"] == f"3301{'*' * 12}{NUMBER[-2:]}"
    whole = await intake.as_().get(f"{path}/id-number", headers={"X-Purpose": "legal_duty"})
    assert whole.json() == {"id": resident, "id_number": NUMBER}
    own = (await intake.as_(Role.RESIDENT, resident).get(path)).json()
    assert own["id_number"] == NUMBER
    problem(await intake.as_().get(f"{path}/id-number"), 422, "purpose-missing")


async def test_nothing_of_the_number_lies_in_clear(intake: Intake) -> None:
    await intake.resident(id_number=NUMBER, gender=None)
    (row,) = await intake.rows("SELECT resident::text AS text FROM resident")
    (index,) = await intake.rows("SELECT value FROM resident_index WHERE kind = 'id_number'")
    for piece in (NUMBER, NUMBER.encode().hex(), "1958"):
        assert piece not in row.text
        assert piece not in bytes(index.value).hex()


async def test_what_contradicts_the_number_is_refused_by_its_field(intake: Intake) -> None:
    for wrong, field in (({"gender": "male"}, "/gender"), ({"birth_date": "1958-03-05"}, "/birth_date")):
        body = {"name": "张三", "id_number": NUMBER, **wrong}
        document = problem(await intake.as_().post("/v1/residents", json=body), 422, "invalid-value")
        assert document["errors"][0]["field"] == field
        assert NUMBER not in str(document)


async def test_a_resident_is_found_by_number_and_sees_that_somebody_looked(intake: Intake) -> None:
    resident = await intake.resident(id_number=NUMBER, gender=None)
    found = await intake.as_().post(
        "/v1/residents/find", json={"id_number": f" {NUMBER.lower()} "}, headers={"X-Purpose": "visit"}
    )
    assert found.json() == {"residents": [resident]}
    by_phone = await intake.as_().post("/v1/residents/find", json={"phone": "19900001234"})
    assert by_phone.json() == {"residents": [resident]}
    seen = await reads(intake, resident)
    assert [(line["fields"], line["purpose"]) for line in seen] == [
        (["found_by.phone"], "find"),
        (["found_by.id_number"], "visit"),
    ]
    assert "按身份证号" in seen[1]["words"]


async def test_a_number_is_one_person_s_however_many_register_it_at_once(intake: Intake) -> None:
    body = {"name": "张三", "id_number": NUMBER}
    answers = await asyncio.gather(*(intake.as_().post("/v1/residents", json=body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    made = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert made in problem(refused, 409, "id-number-taken")["detail"]
    other = await intake.as_(tenant="yuhu").post("/v1/residents", json=body)
    assert other.status_code == 201, "another community has records of its own"


async def test_an_identity_is_changed_as_on_a_document(intake: Intake) -> None:
    resident = await intake.resident()
    path = f"/v1/residents/{resident}/identity"
    changed = await intake.as_().put(path, json={"id_number": NUMBER}, headers={"If-Match": '"1"'})
    assert changed.json() == {"id": resident, "version": 2}
    found = await intake.as_().post("/v1/residents/find", json={"id_number": NUMBER})
    assert found.json() == {"residents": [resident]}
    again = await intake.as_().put(path, json={"id_number": NUMBER}, headers={"If-Match": '"2"'})
    assert again.status_code == 200, "the same number is no other's"
    gone = await intake.as_().put(path, json={}, headers={"If-Match": '"3"'})
    assert gone.status_code == 200
    found = await intake.as_().post("/v1/residents/find", json={"id_number": NUMBER})
    assert found.json() == {"residents": []}
    problem(
        await intake.as_(Role.RESIDENT, resident).put(path, json={}, headers={"If-Match": '"4"'}),
        403,
        "not-permitted",
    )
