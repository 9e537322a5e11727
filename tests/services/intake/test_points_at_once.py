"""Guards docs/invariants/points-never-go-negative.md: twenty people, or one account twenty times, at the same moment."""

import asyncio
from datetime import datetime
from uuid import UUID

from services.intake.points.actions.expiring import expire
from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.services.intake.test_points import item, points, volunteered

_BOOKS = """
SELECT (SELECT coalesce(sum(CASE WHEN credit = 'resident' THEN amount ELSE -amount END), 0) FROM point_posting) AS posted,
       (SELECT coalesce(sum(balance), 0) FROM point_account) AS balances,
       (SELECT coalesce(sum("left"), 0) FROM point_lot) AS lots,
       (SELECT min(balance) FROM point_account) AS least,
       (SELECT coalesce(sum(amount), 0) FROM point_posting WHERE debit = 'issued') AS issued
"""


async def books(intake: Intake) -> tuple[int, int]:
    """What all have together, and what was ever issued; the three ways to count the first come to the same."""
    (row,) = await intake.rows(_BOOKS)
    assert row.posted == row.balances == row.lots
    assert row.least >= 0
    return int(row.balances), int(row.issued)


async def test_twenty_people_want_the_last_seven(intake: Intake) -> None:
    people = [await intake.resident() for _ in range(20)]
    await volunteered(intake, *people)
    bag = await item(intake, price=2, stock=7)
    answers = await asyncio.gather(
        *(intake.as_(Role.RESIDENT, person).post("/v1/point-orders", json={"item": bag}) for person in people)
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] * 7 + [409] * 13
    (row,) = await intake.rows("SELECT stock FROM point_item")
    assert row.stock == 0
    assert await books(intake) == (13 * 2, 20 * 2)


async def test_one_account_is_spent_from_twenty_times_at_once(intake: Intake) -> None:
    """For five different things: the lock of one thing's stock would hide that of the account."""
    person = await intake.resident()
    for _ in range(3):
        await volunteered(intake, person)
    things = [await item(intake, price=1, stock=20) for _ in range(5)]
    answers = await asyncio.gather(
        *(
            intake.as_(Role.RESIDENT, person).post("/v1/point-orders", json={"item": things[each % 5]})
            for each in range(20)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 6 + [409] * 14
    assert await books(intake) == (0, 6)
    (row,) = await intake.rows("SELECT sum(stock)::int AS stock FROM point_item")
    assert row.stock == 5 * 20 - 6


async def test_one_order_is_given_back_and_handed_over_at_once(intake: Intake) -> None:
    """One of the two happens, and the points are where the thing is not."""
    person = await intake.resident()
    await volunteered(intake, person)
    bag = await item(intake, price=2, stock=1)
    client = intake.as_(Role.RESIDENT, person)
    order = (await client.post("/v1/point-orders", json={"item": bag})).json()
    path = f"/v1/point-orders/{order['id']}"
    answers = await asyncio.gather(
        *(client.post(f"{path}/cancel") for _ in range(5)),
        *(intake.as_().post(f"{path}/hand-over") for _ in range(5)),
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    (row,) = await intake.rows("SELECT state, stock FROM point_order JOIN point_item ON point_item.id = item")
    balance = (await points(intake, person))["balance"]
    assert (row.state, row.stock, balance) in {("cancelled", 1, 2), ("handed_over", 0, 0)}
    await books(intake)


async def test_the_same_attendance_arrives_many_times_at_once(intake: Intake) -> None:
    people = [await intake.resident() for _ in range(5)]
    activity = await volunteered(intake, people[0])
    await asyncio.gather(*(volunteered(intake, *people, activity=activity) for _ in range(8)))
    assert await books(intake) == (5 * 2, 5 * 2)
    assert len(await intake.published("points.posted")) == 5


async def test_expiring_and_spending_at_once_take_no_point_twice(intake: Intake) -> None:
    person = await intake.resident()
    await volunteered(intake, person)
    bag = await item(intake, price=1, stock=10)
    (lot,) = (await points(intake, person))["expiring"]
    intake.clock.set(_moment(lot["expires"]))
    await volunteered(intake, person)

    async def night() -> None:
        async with intake.database.transaction("longxi") as session:
            await expire(session, [UUID(person)], intake.clock())

    async def spend() -> int:
        client = intake.as_(Role.RESIDENT, person)
        return (await client.post("/v1/point-orders", json={"item": bag})).status_code

    spent = await asyncio.gather(*(spend() for _ in range(5)), *(night() for _ in range(5)))
    assert sorted(code for code in spent if code is not None) == [201] * 2 + [409] * 3
    assert (await books(intake))[0] == 0


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
