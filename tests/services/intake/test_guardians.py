"""A guardian acts for a minor: files, reads; until the eighteenth birthday."""

from datetime import date, timedelta
from typing import Any

import pytest

from shared.security import Role
from tests.services.intake.conftest import CONCERN, Intake
from tests.support.identities import number_of
from tests.support.web import problem

# The clock stands at 18 November 2026.
TEENAGER = number_of(date(2008, 11, 20), 1)


@pytest.fixture
async def family(intake: Intake) -> tuple[str, str]:
    """Guardian and minor."""
    guardian = await intake.resident(name="张三")
    minor = await intake.resident(name="张小宝", id_number=TEENAGER, gender=None)
    body = {"guardian": guardian, "relation": "parent"}
    made = await intake.as_().post(f"/v1/residents/{minor}/guardians", json=body)
    assert made.status_code == 201, made.text
    return guardian, minor


async def test_a_guardian_files_and_reads_for_the_minor(intake: Intake, family: tuple[str, str]) -> None:
    guardian, minor = family
    client = intake.as_(Role.RESIDENT, guardian)
    filed = await client.post("/v1/requests", json={**CONCERN, "resident": minor})
    assert filed.status_code == 201, filed.text
    record = await client.get(f"/v1/requests/{filed.json()['id']}")
    assert (record.status_code, record.json()["resident"]) == (200, minor)
    listed = await client.get("/v1/requests", params={"resident": minor})
    assert [line["id"] for line in listed.json()["items"]] == [filed.json()["id"]]
    assert (await client.get("/v1/requests")).json()["items"] == [], "their own list is their own"
    assert (await client.get(f"/v1/residents/{minor}")).json()["name"] == "张小宝"
    reads = (await client.get(f"/v1/residents/{minor}/reads")).json()["items"]
    assert reads[0]["purpose"] == "guardian"
    withdrawn = await client.post(f"/v1/requests/{filed.json()['id']}/withdraw")
    assert withdrawn.status_code == 200, withdrawn.text


async def test_nobody_else_does(intake: Intake, family: tuple[str, str]) -> None:
    _, minor = family
    stranger = intake.as_(Role.RESIDENT, await intake.resident())
    problem(
        await stranger.post("/v1/requests", json={**CONCERN, "resident": minor}), 403, "own-requests-only"
    )
    problem(await stranger.get(f"/v1/residents/{minor}"), 404, "resident-not-found")
    problem(await stranger.get(f"/v1/residents/{minor}/guardianships"), 404, "resident-not-found")


async def test_a_guardian_does_not_erase_the_minor(intake: Intake, family: tuple[str, str]) -> None:
    guardian, minor = family
    problem(
        await intake.as_(Role.RESIDENT, guardian).delete(f"/v1/residents/{minor}"), 404, "resident-not-found"
    )


async def test_it_ends_on_the_eighteenth_birthday(intake: Intake, family: tuple[str, str]) -> None:
    guardian, minor = family
    intake.clock.advance(timedelta(days=1))
    await intake.run("coming-of-age")
    client = intake.as_(Role.RESIDENT, guardian)
    assert (await client.get(f"/v1/residents/{minor}")).status_code == 200
    intake.clock.advance(timedelta(days=1))
    await intake.run("coming-of-age")
    client = intake.as_(Role.RESIDENT, guardian)
    problem(await client.get(f"/v1/residents/{minor}"), 404, "resident-not-found")
    (line,) = (await client.get(f"/v1/residents/{guardian}/guardianships")).json()["items"]
    assert line["end_reason"] == "of_age"
    (row,) = await intake.rows("SELECT guardianship::text AS text FROM guardianship")
    assert "2008" not in row.text, "in clear there is no date of birth"


async def test_it_is_ended_for_a_reason(intake: Intake, family: tuple[str, str]) -> None:
    guardian, minor = family
    (line,) = (await intake.as_().get(f"/v1/residents/{minor}/guardianships")).json()["items"]
    path = f"/v1/guardianships/{line['id']}/end"
    problem(await intake.as_().post(path, json={"reason": "whim"}), 422, "unknown-code")
    assert (await intake.as_().post(path, json={"reason": "revoked"})).status_code == 200
    problem(
        await intake.as_(Role.RESIDENT, guardian).get(f"/v1/residents/{minor}"), 404, "resident-not-found"
    )


@pytest.mark.parametrize(
    ("fields", "status", "type"),
    [
        ({}, 422, "birth-date-unknown"),
        ({"birth_date": "2000-01-01"}, 409, "not-a-minor"),
        ({"birth_date": "2016-01-01"}, 403, "guardian-consent-needed"),
    ],
)
async def test_who_needs_no_guardian_gets_none(
    intake: Intake, fields: dict[str, Any], status: int, type: str
) -> None:
    body = {"guardian": await intake.resident(), "relation": "parent"}
    minor = await intake.resident(**fields)
    problem(await intake.as_().post(f"/v1/residents/{minor}/guardians", json=body), status, type)
