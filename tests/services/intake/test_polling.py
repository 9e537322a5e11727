"""Portals that poll: nothing new costs nothing, and a key has its limit."""

from datetime import timedelta

from shared.security import Role
from tests.services.intake.conftest import Intake


async def test_a_list_that_is_as_it_was_is_304(intake: Intake) -> None:
    filed = await intake.file()
    portal = intake.as_(Role.PORTAL, "mini")
    first = await portal.get("/v1/requests")
    assert first.headers["etag"].startswith('W/"')
    known = {"If-None-Match": first.headers["etag"]}
    again = await portal.get("/v1/requests", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    await intake.move(filed["id"], "accept")
    changed = await portal.get("/v1/requests", headers=known)
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


async def test_another_list_and_another_language_have_other_tags(intake: Intake) -> None:
    await intake.file()
    portal = intake.as_(Role.PORTAL, "mini")
    tags = {
        (await portal.get(address, headers=headers)).headers["etag"]
        for address, headers in (
            ("/v1/requests", {}),
            ("/v1/requests?limit=1", {}),
            ("/v1/requests?state=filed", {}),
            ("/v1/requests", {"Accept-Language": "en"}),
        )
    }
    assert len(tags) == 4


async def test_a_new_request_changes_the_list(intake: Intake) -> None:
    resident = await intake.resident()
    await intake.file(resident)
    portal = intake.as_(Role.PORTAL, "mini")
    known = {"If-None-Match": (await portal.get("/v1/requests")).headers["etag"]}
    await intake.file(resident)
    assert (await portal.get("/v1/requests", headers=known)).status_code == 200


async def test_a_limit_that_passed_changes_list_and_story(intake: Intake) -> None:
    filed = await intake.file()
    portal = intake.as_(Role.PORTAL, "mini")
    addresses = ("/v1/requests", f"/v1/requests/{filed['id']}/story")
    tags = [(await portal.get(address)).headers["etag"] for address in addresses]
    for address, tag in zip(addresses, tags, strict=True):
        assert (await portal.get(address, headers={"If-None-Match": tag})).status_code == 304
    intake.clock.advance(timedelta(days=30))
    await intake.run("overdue-marks")
    portal = intake.as_(Role.PORTAL, "mini")  # the token of a month ago has ended
    for address, tag in zip(addresses, tags, strict=True):
        assert (await portal.get(address, headers={"If-None-Match": tag})).status_code == 200, address


async def test_a_read_that_shows_nothing_new_is_not_recorded(intake: Intake) -> None:
    filed = await intake.file()
    portal = intake.as_(Role.PORTAL, "mini")
    first = await portal.get(f"/v1/requests/{filed['id']}")
    before = len(await intake.rows("SELECT id FROM personal_read"))
    again = await portal.get(f"/v1/requests/{filed['id']}", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert len(await intake.rows("SELECT id FROM personal_read")) == before


async def test_a_key_has_a_limit_of_its_own(intake: Intake) -> None:
    key = await intake.key("requests:read", per_minute=3)
    client = intake.anybody(Authorization=f"Bearer {key}")
    answers = [await client.get("/v1/requests") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert "retry-after" in answers[-1].headers
