"""Requests are found by what people have: an id, a number read out, a filter; page by page."""

from typing import Any

import pytest

from shared.database import new_id
from shared.security import Role
from tests.services.intake.conftest import Intake, grid
from tests.support.web import problem


async def listed(intake: Intake, **params: Any) -> list[str]:
    """Ids of all pages."""
    found: list[str] = []
    while True:
        answer = await intake.as_().get("/v1/requests", params=params)
        assert answer.status_code == 200, answer.text
        found += [item["id"] for item in answer.json()["items"]]
        if answer.json()["next"] is None:
            return found
        params["cursor"] = answer.json()["next"]


async def test_a_request_is_found_by_its_number_in_any_spelling(intake: Intake) -> None:
    receipt = await intake.file()
    number = receipt["reference"]
    for typed in (number, number.replace("-", ""), number.replace("-", " "), receipt["id"]):
        assert (await intake.read(typed))["id"] == receipt["id"]


async def test_a_mistyped_number_is_refused_as_such(intake: Intake) -> None:
    number = (await intake.file())["reference"]
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    document = problem(await intake.as_().get(f"/v1/requests/{wrong}"), 422, "wrong-reference")
    assert "校验码" in document["detail"]
    problem(await intake.as_().get("/v1/requests/261118-000000-0"), 422, "wrong-reference")
    problem(await intake.as_().get(f"/v1/requests/{new_id()}"), 404, "request-not-found")


async def test_a_list_is_narrowed_and_paged(intake: Intake) -> None:
    here = new_id()
    await intake.receive(grid(("龙溪花园3栋",), grid=here))
    one, two = await intake.resident(), await intake.resident()
    by_place = (await intake.file(one, address="龙溪花园3栋", category="07"))["id"]
    water = (await intake.file(one, category="010101"))["id"]
    broad = (await intake.file(two, category="01"))["id"]
    other = (await intake.file(two, category="02"))["id"]
    await intake.move(other, "reject", {"reason": "out_of_area"})
    assert await listed(intake, limit=1) == [other, broad, water, by_place]
    assert await listed(intake, grid=str(here)) == [by_place]
    assert await listed(intake, category="01") == [broad, water]
    assert await listed(intake, category="0101") == [water]
    assert await listed(intake, resident=one, limit=1) == [water, by_place]
    assert await listed(intake, state="rejected") == [other]
    assert await listed(intake, source="nowhere") == []


async def test_a_cursor_of_another_list_is_refused(intake: Intake) -> None:
    resident = await intake.resident()
    for _ in range(2):
        await intake.file(resident)
        await intake.as_(Role.RESIDENT, resident).get(f"/v1/residents/{resident}")
    reads = await intake.as_(Role.RESIDENT, resident).get(
        f"/v1/residents/{resident}/reads", params={"limit": 1}
    )
    cursor = reads.json()["next"]
    assert cursor is not None
    problem(await intake.as_().get("/v1/requests", params={"cursor": cursor}), 422, "invalid-cursor")


async def test_a_poll_that_knows_the_version_is_shown_nothing_and_is_no_read(intake: Intake) -> None:
    receipt = await intake.file()
    first = await intake.as_().get(f"/v1/requests/{receipt['id']}")
    again = await intake.as_().get(
        f"/v1/requests/{receipt['id']}", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert len(await intake.rows("SELECT id FROM personal_read")) == 1


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_story_speaks_the_reader_s_language(intake: Intake, language: str) -> None:
    receipt = await intake.file()
    await intake.move(receipt["id"], "reject", {"reason": "out_of_area"})
    answer = await intake.as_().get(
        f"/v1/requests/{receipt['id']}/story", headers={"Accept-Language": language}
    )
    last = answer.json()["entries"][-1]
    expected = {
        "zh": ("不予受理", "不在本社区辖区"),
        "en": ("Rejected", "Outside the community's area"),
    }
    assert (last["name"], last["reason_name"]) == expected[language]
