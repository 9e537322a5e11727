"""From an activity that people came to, to their points and its money; and what of it a resident gets, or takes along."""

from datetime import timedelta

import pytest

from shared.security import Role
from tests.services.intake.channels import Make, make_intake
from tests.services.intake.conftest import Intake
from tests.services.intake.programme import code, head, joined, opened, scan
from tests.services.intake.test_erasing import erase
from tests.services.intake.test_ledgers import Book
from tests.services.intake.test_points import item, ordered, points, volunteered
from tests.services.intake.test_points_at_once import books

__all__ = ["make_intake"]


@pytest.fixture
async def intake(make_intake: Make) -> Intake:
    return await make_intake()


async def test_closing_an_activity_as_held_credits_its_volunteers(intake: Intake) -> None:
    lanes = [{"lane": "participant", "places": 3}, {"lane": "guide", "places": 2}]
    id = await opened(intake, days=2, lanes=lanes)
    guest, helper = await intake.resident(), await intake.resident()
    await joined(intake, id, guest, lane="participant")
    await joined(intake, id, helper, lane="guide")
    intake.clock.advance(timedelta(days=2))
    for person in (guest, helper):
        assert (await scan(intake, id, person, await code(intake, id))).status_code == 200
    intake.clock.advance(timedelta(hours=2, minutes=30))
    assert (await head(intake).post(f"/v1/activities/{id}/hold")).status_code == 200
    record = await points(intake, helper)
    assert (record["balance"], record["minutes"]) == (2, 120)
    assert (await points(intake, guest))["balance"] == 0
    (event,) = await intake.published("points.posted")
    assert (event["resident"], event["activity"], event["amount"]) == (helper, id, 2)

    book = Book(intake, id)
    await book.enter("out_of_pocket", 4_000, payer=guest)
    given = await intake.as_(Role.RESIDENT, guest).post(f"{book.path}/waive", json={"amount": 4_000})
    assert given.status_code == 201, given.text
    assert (await book.settle()).status_code == 200
    shown = (await head(intake).get(f"/v1/activities/{id}")).json()
    assert shown["state"] == "settled"


async def test_a_copy_of_all_that_is_held_has_points_and_money(intake: Intake) -> None:
    resident = await intake.resident()
    await volunteered(intake, resident)
    await ordered(intake, resident, await item(intake, price=1))
    answer = await intake.as_(Role.RESIDENT, resident).get(f"/v1/residents/{resident}/export")
    assert answer.status_code == 200, answer.text
    parts = {part["name"]: part["items"] for part in answer.json()["parts"]}
    assert [(each["kind"], each.get("amount")) for each in parts["points"]] == [
        ("point_posting", 2),
        ("point_posting", -1),
        ("point_order", None),
    ]
    assert parts["ledgers"] == []


async def test_an_erasure_leaves_books_that_add_up_and_nothing_to_spend(intake: Intake) -> None:
    resident, other = await intake.resident(), await intake.resident()
    await volunteered(intake, resident, other)
    bag = await item(intake, price=1, stock=1)
    order = await ordered(intake, resident, bag)
    await erase(intake, resident)
    assert await books(intake) == (2, 4)
    rows = await intake.rows("SELECT reason, amount FROM point_posting ORDER BY id DESC LIMIT 2")
    assert [(row.reason, row.amount) for row in rows] == [("erased", 2), ("order_cancelled", 1)]
    (row,) = await intake.rows(f"SELECT state FROM point_order WHERE id = '{order['id']}'")  # noqa: S608 - an id
    assert row.state == "cancelled"
    # What the one gave back, the other can have.
    assert (await ordered(intake, other, bag))["state"] == "ordered"
