"""The context of a request: others there and others of the same person, without words, and as a read that is recorded."""

from datetime import timedelta
from typing import Any

import pytest

from shared.security import Role
from tests.services.intake.conftest import Intake, grid
from tests.support.web import problem

HERE, THERE = "龙溪花园3栋", "龙溪花园5栋"


async def context(intake: Intake, id: str, **params: Any) -> dict[str, Any]:
    answer = await intake.as_().get(f"/v1/requests/{id}/context", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(others: dict[str, Any]) -> list[str]:
    return [each["id"] for each in others["requests"]]


async def test_what_else_is_reported_there_and_by_the_same_person(intake: Intake) -> None:
    await intake.receive(grid((HERE, THERE)))
    one, two = await intake.resident(), await intake.resident()
    old = (await intake.file(two, address=HERE, category="010503"))["id"]
    intake.clock.advance(timedelta(days=91))
    near = (await intake.file(two, address=HERE, category="010501"))["id"]
    elsewhere = (await intake.file(two, address=THERE, category="010503"))["id"]
    else_kind = (await intake.file(two, address=HERE, category="0201"))["id"]
    own = (await intake.file(one, category="02"))["id"]
    here = (await intake.file(one, address=HERE, category="010503"))["id"]
    found = await context(intake, here)
    assert (found["near"]["count"], ids(found["near"])) == (1, [near]), (
        "not what is old, elsewhere or of another kind"
    )
    assert (found["same_person"]["count"], ids(found["same_person"])) == (1, [own])
    assert ids((await context(intake, here, level=3))["near"]) == []
    assert ids((await context(intake, here, level=1))["near"]) == [near]
    assert set(ids((await context(intake, near, level=1))["same_person"])) == {old, elsewhere, else_kind}
    for line in found["near"]["requests"]:
        assert not {"subject", "body", "address", "answers"} & line.keys()


async def test_without_a_grid_nothing_is_near(intake: Intake) -> None:
    first, second = [(await intake.file(category="0105"))["id"] for _ in range(2)]
    assert (await context(intake, first))["near"]["count"] == 0
    assert second


async def test_many_are_counted_and_the_latest_are_shown(intake: Intake) -> None:
    resident = await intake.resident()
    filed = [(await intake.file(resident))["id"] for _ in range(22)]
    found = (await context(intake, filed[0]))["same_person"]
    assert found["count"] == 21
    assert ids(found) == filed[:1:-1]


async def test_the_read_is_recorded_with_its_purpose(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    worker = intake.as_()
    await worker.get(f"/v1/requests/{id}/context", headers={"X-Purpose": "visit"})
    (row,) = await intake.rows("SELECT resident, purpose, fields, request, reader FROM personal_read")
    assert (str(row.resident), row.purpose, row.fields, str(row.request)) == (
        resident, "visit", ["request.context"], id,
    )  # fmt: skip
    problem(await worker.get(f"/v1/requests/{id}/context", headers={"X-Purpose": "fun"}), 422, "unknown-code")
    reads = (await intake.as_(Role.RESIDENT, resident).get(f"/v1/residents/{resident}/reads")).json()["items"]
    assert [read["purpose"] for read in reads] == ["visit"]


@pytest.mark.parametrize("role", [Role.RESIDENT, Role.PORTAL, Role.DISTRICT, Role.SERVICE, Role.OPERATOR])
async def test_it_is_for_workers_and_the_head_only(intake: Intake, role: Role) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    problem(await intake.as_(role, resident).get(f"/v1/requests/{id}/context"), 403, "not-permitted")
    assert await intake.rows("SELECT id FROM personal_read") == []
