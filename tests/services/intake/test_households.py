"""Households on real PostgreSQL: one at a time, one head, however many change them at once."""

import asyncio
import random
import re
from typing import Any

import pytest

from shared.security import Role
from tests.services.intake.conftest import Intake, grid
from tests.support.web import problem

_STANDING = """
SELECT household.id, count(member.id) AS members, count(member.id) FILTER (WHERE relation = 'head') AS heads
FROM household LEFT JOIN household_member AS member ON member.household = household.id AND member.ended IS NULL
WHERE household.ended IS NULL GROUP BY household.id
"""


async def found(intake: Intake, head: str, **fields: Any) -> str:
    answer = await intake.as_().post("/v1/households", json={"head": head, **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def join(intake: Intake, household: str, resident: str, relation: str) -> Any:
    body = {"resident": resident, "relation": relation}
    return await intake.as_().post(f"/v1/households/{household}/members", json=body)


async def members(intake: Intake, household: str) -> dict[str, str]:
    record = (await intake.as_().get(f"/v1/households/{household}")).json()
    return {member["resident"]: member["relation"] for member in record["members"]}


async def test_a_household_has_its_members_its_address_and_the_grid_of_it(intake: Intake) -> None:
    place = grid(("龙溪花园3栋",))
    await intake.receive(place)
    head, wife = await intake.resident(), await intake.resident(name="李四")
    household = await found(intake, head, number="A-001", address="龙溪花园3栋2单元501室")
    assert (await join(intake, household, wife, "spouse")).json() == {"id": household, "version": 2}
    record = (await intake.as_().get(f"/v1/households/{household}")).json()
    assert (record["address"], record["grid"]) == ("龙溪花园3栋2单元501室", str(place.grid))
    assert record["members"][1]["relation_name"] == "配偶"
    by_number = await intake.as_().post("/v1/households/find", json={"number": "a-001"})
    assert by_number.json() == {"household": household}
    listed = await intake.as_().get("/v1/households", params={"grid": str(place.grid)})
    assert [line["id"] for line in listed.json()["items"]] == [household]
    reads = await intake.as_(Role.RESIDENT, wife).get(f"/v1/residents/{wife}/reads")
    assert reads.json()["items"][0]["fields"] == ["household.address"]
    (row,) = await intake.rows("SELECT household::text AS text FROM household")
    # In hexadecimal, as bytes are shown, digits mean nothing.
    assert "501" not in re.sub(r"[0-9a-f-]{12,}", "", row.text)


async def test_what_is_not_allowed(intake: Intake) -> None:
    head, other = await intake.resident(), await intake.resident()
    household, second = await found(intake, head, number="1"), await found(intake, other)
    taken = await intake.as_().post("/v1/households", json={"head": await intake.resident(), "number": "1"})
    problem(taken, 409, "household-number-taken")
    problem(await join(intake, second, head, "child"), 409, "already-in-household")
    problem(await join(intake, household, await intake.resident(), "head"), 422, "head-stays")
    leave = f"/v1/households/{household}/members/{other}/leave"
    problem(await intake.as_().post(leave), 409, "not-a-member")
    problem(
        await intake.as_(Role.RESIDENT, other).get(f"/v1/households/{household}"), 404, "household-not-found"
    )
    assert (await intake.as_(Role.RESIDENT, head).get(f"/v1/households/{household}")).status_code == 200


async def test_when_the_head_is_erased_the_others_have_a_head_and_an_address(intake: Intake) -> None:
    head, wife, son = [await intake.resident() for _ in range(3)]
    household = await found(intake, head, address="龙溪花园3栋")
    await join(intake, household, son, "child")
    await join(intake, household, wife, "spouse")
    assert (await intake.as_(Role.RESIDENT, head).delete(f"/v1/residents/{head}")).status_code == 204
    record = (await intake.as_().get(f"/v1/households/{household}")).json()
    assert {member["resident"]: member["relation"] for member in record["members"]} == {
        wife: "head",
        son: "child",
    }
    assert record["address"] == "龙溪花园3栋", (
        "sealed with another member's key before the first was destroyed"
    )
    for resident in (son, wife):
        await intake.as_(Role.HEAD, "head-1").delete(f"/v1/residents/{resident}")
    record = (await intake.as_().get(f"/v1/households/{household}")).json()
    assert (record["members"], record["address"]) == ([], None)
    assert record["ended"] is not None


async def test_a_new_head_is_named_by_whoever_saw_the_present_one(intake: Intake) -> None:
    head, son = await intake.resident(), await intake.resident()
    household = await found(intake, head)
    await join(intake, household, son, "child")
    path, body = f"/v1/households/{household}/head", {"resident": son}
    problem(await intake.as_().put(path, json=body), 428, "precondition-required")
    problem(await intake.as_().put(path, json=body, headers={"If-Match": '"1"'}), 412, "precondition-failed")
    assert (await intake.as_().put(path, json=body, headers={"If-Match": '"2"'})).status_code == 200
    assert await members(intake, household) == {son: "head", head: "parent"}


async def test_two_households_that_want_the_same_person_at_once(intake: Intake) -> None:
    person = await intake.resident()
    households = [await found(intake, await intake.resident()) for _ in range(4)]
    answers = await asyncio.gather(*(join(intake, each, person, "child") for each in households))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_is_done_each_household_has_one_head(intake: Intake, seed: int) -> None:
    """The rules are proved by Hypothesis (tests/rules); here chance plays against the database, six times."""
    chance = random.Random(seed)  # noqa: S311 - a seed that can be played again
    people = [await intake.resident(name=f"居民{number}") for number in range(4)]
    households: list[str] = []
    for _ in range(14):
        step, person = chance.choice(["found", "join", "leave", "head"]), chance.choice(people)
        if step == "found" or not households:
            answer = await intake.as_().post("/v1/households", json={"head": person})
            households += [answer.json()["id"]] if answer.status_code == 201 else []
            continue
        household = chance.choice(households)
        if step == "join":
            await join(intake, household, person, chance.choice(["child", "spouse", "parent"]))
        elif step == "leave":
            await intake.as_().post(f"/v1/households/{household}/members/{person}/leave")
        else:
            record = await intake.as_().get(f"/v1/households/{household}")
            await intake.as_().put(
                f"/v1/households/{household}/head",
                json={"resident": person},
                headers={"If-Match": record.headers["etag"]},
            )
        for row in await intake.rows(_STANDING):
            assert row.heads == 1, step
            assert row.members >= 1, step
