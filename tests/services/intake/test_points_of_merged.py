"""Points of a person of whom two records were merged: earned by either, held and spent as one, parted again."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.database import new_id
from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.services.intake.test_merges import merge, undo
from tests.services.intake.test_points import item, lines, ordered, points, volunteered
from tests.services.intake.test_points_at_once import books


async def couple(intake: Intake) -> tuple[str, str]:
    """Two records with two points each, of which those of the second expire a month later."""
    kept, other = await intake.resident(), await intake.resident()
    await volunteered(intake, kept)
    intake.clock.advance(timedelta(days=40))
    await volunteered(intake, other)
    return kept, other


async def merged(intake: Intake) -> tuple[str, str, str]:
    """The two, and their merge."""
    kept, other = await couple(intake)
    answer = await merge(intake, kept, other)
    assert answer.status_code == 201, answer.text
    return kept, other, str(answer.json()["id"])


@pytest.mark.parametrize("by", ["kept", "merged"])
async def test_an_order_takes_from_both_accounts_and_gives_back_to_both(intake: Intake, by: str) -> None:
    kept, other, _ = await merged(intake)
    who = kept if by == "kept" else other
    before = await points(intake, who)
    assert (before["balance"], before["minutes"]) == (4, 240)
    assert [each["amount"] for each in before["expiring"]] == [2, 2]
    order = await ordered(intake, who, await item(intake, price=3))
    for one in (kept, other):
        assert (await points(intake, one))["balance"] == 1
        listed = await intake.as_(Role.RESIDENT, one).get("/v1/point-orders")
        assert [line["id"] for line in listed.json()["items"]] == [order["id"]]
    posted = [event for event in await intake.published("points.posted") if event["reason"] == "ordered"]
    assert {event["resident"]: event["amount"] for event in posted} == {kept: -2, other: -1}
    await books(intake)
    client = intake.as_(Role.RESIDENT, other if by == "kept" else kept)
    assert (await client.post(f"/v1/point-orders/{order['id']}/cancel")).status_code == 200
    assert (await points(intake, who))["expiring"] == before["expiring"]
    await books(intake)


async def test_parted_again_each_has_what_is_left_of_their_own(intake: Intake) -> None:
    kept, other, id = await merged(intake)
    await ordered(intake, other, await item(intake, price=3))
    assert (await undo(intake, id)).status_code == 200
    assert [(await points(intake, one))["balance"] for one in (kept, other)] == [0, 1]
    assert await books(intake) == (1, 4)


async def test_a_person_s_story_is_one_and_adds_up(intake: Intake) -> None:
    kept, other, _ = await merged(intake)
    await ordered(intake, kept, await item(intake, price=3))
    for one in (kept, other):
        assert [(line["amount"], line["balance"]) for line in await lines(intake, one)] == [
            (-1, 1),
            (-2, 2),
            (2, 4),
            (2, 2),
        ]
    of_other = (await lines(intake, kept))[2]
    path = f"/v1/residents/{kept}/points/postings/{of_other['id']}/take-back"
    taken = await intake.as_(Role.HEAD, "head-1").post(path)
    assert taken.json() == {"amount": 1}, taken.text
    assert (await points(intake, other))["balance"] == 0
    await books(intake)


async def test_one_activity_counts_once_for_a_person(intake: Intake) -> None:
    """At most two hours an activity, under however many names somebody signed up."""
    kept, other, _ = await merged(intake)
    activity = await volunteered(intake, kept, other)
    await volunteered(intake, other, activity=activity)
    assert (await points(intake, kept))["balance"] == 6
    assert await books(intake) == (6, 6)


async def test_a_person_is_warned_and_sent_a_statement_once(intake: Intake) -> None:
    """Also where the record that is kept has no points of its own."""
    kept, other = await intake.resident(), await intake.resident()
    activity = new_id()
    await volunteered(intake, other, activity=activity)
    assert (await merge(intake, kept, other)).status_code == 201
    (lot,) = (await points(intake, kept))["expiring"]
    intake.clock.advance(timedelta(days=31))
    for _ in range(2):
        await intake.run("points-stating")
    (stated,) = await intake.published("points.stated")
    assert (stated["resident"], stated["earned"], stated["balance"]) == (kept, 2, 2)

    intake.clock.set(_moment(lot["expires"]) - timedelta(days=400))
    await volunteered(intake, kept)
    intake.clock.set(_moment(lot["expires"]) - timedelta(days=20))
    for _ in range(2):
        await intake.run("points-expiring")
    (warning,) = await intake.published("points.expiry_announced")
    assert (warning["resident"], warning["amount"], warning["balance"]) == (kept, 2, 4)


async def test_an_erased_person_has_none_left_in_any_record(intake: Intake) -> None:
    kept, other, _ = await merged(intake)
    await ordered(intake, kept, await item(intake, price=3))
    exported = await _exported(intake, kept)
    assert sorted(line["amount"] for line in exported if line["kind"] == "point_posting") == [-2, -1, 2, 2]
    assert len([line for line in exported if line["kind"] == "point_order"]) == 1
    assert (await intake.as_(Role.RESIDENT, other).delete(f"/v1/residents/{other}")).status_code == 204
    assert await books(intake) == (0, 4)


async def _exported(intake: Intake, resident: str) -> list[dict[str, Any]]:
    answer = await intake.as_(Role.RESIDENT, resident).get(f"/v1/residents/{resident}/export")
    assert answer.status_code == 200, answer.text
    parts: dict[str, list[dict[str, Any]]] = {part["name"]: part["items"] for part in answer.json()["parts"]}
    return parts["points"]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
