"""Guardians and households: who signs up whom, who is told, and who stands beside whom at the screen."""

from datetime import date, timedelta

import pytest

from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.services.intake.programme import as_resident, code, joined, opened, roster, scan, seen
from tests.support.identities import number_of
from tests.support.web import problem

# The clock stands at 18 November 2026: eighteen in two days.
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


async def test_a_guardian_signs_a_minor_up_and_is_told(intake: Intake, family: tuple[str, str]) -> None:
    guardian, minor = family
    id = await opened(intake, days=1, guardian_below=18)
    alone = await as_resident(intake, minor).post(f"/v1/activities/{id}/sign-ups", json={})
    problem(alone, 403, "guardian-needed")
    signed_up = await joined(intake, id, guardian, resident=minor)
    assert signed_up["state"] == "in"
    (event,) = await intake.published("activity.joined")
    assert (event["resident"], event["contact"]) == (minor, guardian)
    own = (await as_resident(intake, guardian).get("/v1/sign-ups")).json()["items"]
    assert [line["resident"] for line in own] == [minor]
    intake.clock.advance(timedelta(days=1))
    answer = await scan(intake, id, guardian, await code(intake, id), resident=minor)
    assert answer.status_code == 200, answer.text
    assert [line["checked_in"] is not None for line in await roster(intake, id)] == [True]


async def test_on_the_day_of_the_activity_they_may_be_of_age(intake: Intake, family: tuple[str, str]) -> None:
    _, minor = family
    later = await opened(intake, days=2, guardian_below=18)
    assert (await joined(intake, later, minor))["state"] == "in"


async def test_a_guardian_gives_the_place_back(intake: Intake, family: tuple[str, str]) -> None:
    guardian, minor = family
    id = await opened(intake, places=1)
    await joined(intake, id, guardian, resident=minor)
    waiting = await intake.resident()
    await joined(intake, id, waiting)
    gone = await as_resident(intake, guardian).delete(f"/v1/activities/{id}/sign-ups/{minor}")
    assert gone.status_code == 200, gone.text
    assert (await seen(intake, id, waiting))["mine"]["state"] == "in"


async def test_one_of_a_household_signs_another_up(intake: Intake) -> None:
    daughter, mother, neighbour = [await intake.resident() for _ in range(3)]
    made = await intake.as_().post("/v1/households", json={"head": daughter, "address": "龙溪花园3栋"})
    assert made.status_code == 201, made.text
    member = await intake.as_(Role.WORKER, "worker-1", **{"If-Match": '"1"'}).post(
        f"/v1/households/{made.json()['id']}/members", json={"resident": mother, "relation": "parent"}
    )
    assert member.is_success, member.text
    id = await opened(intake)
    assert (await joined(intake, id, daughter, resident=mother))["state"] == "in"
    refused = await as_resident(intake, daughter).post(
        f"/v1/activities/{id}/sign-ups", json={"resident": neighbour}
    )
    problem(refused, 403, "not-their-guardian")
