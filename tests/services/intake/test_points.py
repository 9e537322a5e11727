"""Volunteer points through HTTP and by the clock: earned once, spent first in first out, told of, taken back."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from services.intake.points.actions.crediting import credit
from services.intake.points.rules import PointTerms
from shared.contracts.intake.activities import ActivityAttended
from shared.database import new_id
from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.support.web import problem

TERMS = PointTerms()


async def volunteered(
    intake: Intake, *residents: str, minutes: int = 120, activity: UUID | None = None, role: str = "volunteer"
) -> UUID:
    """These people worked at one activity."""
    activity = activity or new_id()
    events = [
        ActivityAttended(
            activity=activity,
            kind="handicraft",
            number=1,
            resident=UUID(resident),
            role=role,
            minutes=minutes,
            at=intake.clock(),
        )
        for resident in residents
    ]
    async with intake.database.transaction("longxi") as session:
        await credit(session, events, TERMS, now=intake.clock())
    return activity


async def item(intake: Intake, price: int = 2, stock: int = 5) -> str:
    body = {"name_zh": "环保袋", "name_en": "Shopping bag", "price": price, "stock": stock}
    answer = await intake.as_(Role.HEAD, "head-1").post("/v1/point-items", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def ordered(intake: Intake, resident: str, what: str, quantity: int = 1) -> dict[str, Any]:
    client = intake.as_(Role.RESIDENT, resident)
    answer = await client.post("/v1/point-orders", json={"item": what, "quantity": quantity})
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()
    return order


async def points(intake: Intake, resident: str) -> dict[str, Any]:
    answer = await intake.as_(Role.RESIDENT, resident).get(f"/v1/residents/{resident}/points")
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()
    return record


async def test_attending_is_credited_once(intake: Intake) -> None:
    resident, other = await intake.resident(), await intake.resident()
    activity = await volunteered(intake, resident, minutes=150)
    await volunteered(intake, resident, other, minutes=150, activity=activity)
    record = await points(intake, resident)
    assert (record["balance"], record["minutes"]) == (2, 150)
    assert (await points(intake, other))["balance"] == 2
    events = await intake.published("points.posted")
    assert [(event["resident"], event["amount"], event["balance"]) for event in events] == [
        (resident, 2, 2),
        (other, 2, 2),
    ]


async def test_participants_earn_nothing_and_a_short_time_counts_as_time(intake: Intake) -> None:
    resident, short = await intake.resident(), await intake.resident()
    await volunteered(intake, resident, role="participant")
    activity = await volunteered(intake, short, minutes=50)
    await volunteered(intake, short, minutes=50, activity=activity)
    assert (await points(intake, resident))["minutes"] == 0
    record = await points(intake, short)
    assert (record["balance"], record["minutes"]) == (0, 50)


async def test_an_order_takes_points_and_stock_and_gives_both_back(intake: Intake) -> None:
    resident = await intake.resident()
    for _ in range(2):
        await volunteered(intake, resident)
    bag = await item(intake, price=3, stock=1)
    order = await ordered(intake, resident, bag)
    assert (order["points"], order["state"], (await points(intake, resident))["balance"]) == (3, "ordered", 1)
    client = intake.as_(Role.RESIDENT, resident)
    again = await client.post("/v1/point-orders", json={"item": bag})
    problem(again, 409, "out-of-stock")
    cancelled = await client.post(f"/v1/point-orders/{order['id']}/cancel")
    assert cancelled.json()["state"] == "cancelled", cancelled.text
    assert (await points(intake, resident))["balance"] == 4
    problem(await client.post(f"/v1/point-orders/{order['id']}/cancel"), 409, "point-order-settled")
    second = await ordered(intake, resident, bag)
    handed = await intake.as_().post(f"/v1/point-orders/{second['id']}/hand-over")
    assert handed.json()["state"] == "handed_over"
    problem(
        await intake.as_(Role.HEAD).post(f"/v1/point-orders/{second['id']}/cancel"),
        409,
        "point-order-settled",
    )
    reasons = [event["reason"] for event in await intake.published("points.posted")]
    assert reasons == ["attended", "attended", "ordered", "order_cancelled", "ordered"]
    (line, *_), names = await lines(intake, resident), {"兑换物品"}
    assert (line["reason_name"] in names, line["amount"], line["balance"]) == (True, -3, 1)


async def lines(intake: Intake, resident: str) -> list[dict[str, Any]]:
    answer = await intake.as_(Role.RESIDENT, resident).get(f"/v1/residents/{resident}/points/postings")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_nobody_spends_more_than_they_have_or_what_is_another_s(intake: Intake) -> None:
    resident, other = await intake.resident(), await intake.resident()
    await volunteered(intake, resident)
    bag = await item(intake, price=2)
    client = intake.as_(Role.RESIDENT, resident)
    refused = await client.post("/v1/point-orders", json={"item": bag, "quantity": 2})
    assert problem(refused, 409, "not-enough-points")["detail"] == "积分不足：需要 4 分，现有 2 分。"
    theirs = await client.post("/v1/point-orders", json={"item": bag, "resident": other})
    problem(theirs, 403, "own-points-only")
    problem(await client.get(f"/v1/residents/{other}/points"), 403, "own-points-only")
    problem(await client.post("/v1/point-orders", json={"item": str(new_id())}), 404, "point-item-not-found")
    problem(await intake.as_().post("/v1/point-orders", json={"item": bag}), 422, "whose-points")
    window = await intake.as_().post("/v1/point-orders", json={"item": bag, "resident": resident})
    assert window.status_code == 201, window.text


async def test_an_order_is_seen_and_given_back_by_whoever_made_it(intake: Intake) -> None:
    resident, other = await intake.resident(), await intake.resident()
    await volunteered(intake, resident)
    order = await ordered(intake, resident, await item(intake))
    theirs = intake.as_(Role.RESIDENT, other)
    problem(await theirs.post(f"/v1/point-orders/{order['id']}/cancel"), 404, "point-order-not-found")
    assert (await theirs.get("/v1/point-orders")).json()["items"] == []
    assert (await points(intake, resident))["balance"] == 0


async def test_a_resident_has_a_day_to_think_better_of_it(intake: Intake) -> None:
    resident = await intake.resident()
    await volunteered(intake, resident)
    order = await ordered(intake, resident, await item(intake))
    intake.clock.advance(timedelta(hours=25))
    late = await intake.as_(Role.RESIDENT, resident).post(f"/v1/point-orders/{order['id']}/cancel")
    problem(late, 409, "point-order-cancel-window-closed")
    assert (await intake.as_().post(f"/v1/point-orders/{order['id']}/cancel")).status_code == 200


async def test_points_expire_after_a_warning_and_each_is_told_once(intake: Intake) -> None:
    resident = await intake.resident()
    await volunteered(intake, resident)
    intake.clock.advance(timedelta(days=40))
    await volunteered(intake, resident)
    (first, second) = (await points(intake, resident))["expiring"]
    intake.clock.set(_moment(first["expires"]) - timedelta(days=29))
    for _ in range(2):
        await intake.run("points-expiring")
    (warning,) = await intake.published("points.expiry_announced")
    assert (warning["resident"], warning["amount"], warning["balance"]) == (resident, 2, 4)
    assert _moment(warning["expires"]) == _moment(first["expires"])

    intake.clock.set(_moment(first["expires"]))
    # Gone although the night has not come: nothing can be bought for it.
    refused = await intake.as_(Role.RESIDENT, resident).post(
        "/v1/point-orders", json={"item": await item(intake, price=3)}
    )
    problem(refused, 409, "not-enough-points")
    for _ in range(2):
        await intake.run("points-expiring")
    record = await points(intake, resident)
    assert (record["balance"], [each["expires"] for each in record["expiring"]]) == (2, [second["expires"]])
    posted = await intake.published("points.posted")
    assert [(event["reason"], event["amount"]) for event in posted] == [
        ("attended", 2),
        ("attended", 2),
        ("expired", -2),
    ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_what_expires_first_is_spent_first_and_comes_back_as_it_was(intake: Intake) -> None:
    resident = await intake.resident()
    await volunteered(intake, resident)
    intake.clock.advance(timedelta(days=40))
    await volunteered(intake, resident)
    before = (await points(intake, resident))["expiring"]
    order = await ordered(intake, resident, await item(intake, price=3))
    assert [each["amount"] for each in (await points(intake, resident))["expiring"]] == [1]
    await intake.as_().post(f"/v1/point-orders/{order['id']}/cancel")
    assert (await points(intake, resident))["expiring"] == before


async def test_a_month_has_its_statement_once(intake: Intake) -> None:
    resident, idle = await intake.resident(), await intake.resident()
    await volunteered(intake, resident, minutes=130)
    await volunteered(intake, resident, minutes=70)
    await ordered(intake, resident, await item(intake))
    month = intake.clock().date().replace(day=1)
    intake.clock.advance(timedelta(days=31))
    for _ in range(2):
        await intake.run("points-stating")
    (stated,) = await intake.published("points.stated")
    assert idle not in stated.values()
    assert {
        key: stated[key] for key in ("resident", "month", "earned", "spent", "expired", "minutes", "balance")
    } == {
        "resident": resident,
        "month": month.isoformat(),
        "earned": 3,
        "spent": 2,
        "expired": 0,
        "minutes": 200,
        "balance": 1,
    }
    shown = await intake.as_(Role.RESIDENT, resident).get(
        f"/v1/residents/{resident}/points/statement", params={"month": f"{month:%Y-%m}"}
    )
    assert (shown.json()["earned"], shown.json()["balance"]) == (3, 1)
    assert date.fromisoformat(stated["month"]) == month


async def test_a_wrong_attendance_is_taken_back_as_far_as_it_is_there(intake: Intake) -> None:
    resident = await intake.resident()
    await volunteered(intake, resident)
    await ordered(intake, resident, await item(intake, price=1))
    (_, attended) = await lines(intake, resident)
    path = f"/v1/residents/{resident}/points/postings/{attended['id']}/take-back"
    problem(await intake.as_().post(path), 403, "not-permitted")
    taken = await intake.as_(Role.HEAD, "head-1").post(path)
    assert taken.json() == {"amount": 1}
    record = await points(intake, resident)
    assert (record["balance"], record["minutes"]) == (0, 0)
    problem(await intake.as_(Role.HEAD, "head-1").post(path), 409, "point-posting-corrected")


async def test_the_catalogue_is_changed_by_pieces_and_versions(intake: Intake) -> None:
    bag = await item(intake, stock=3)
    head = intake.as_(Role.HEAD, "head-1")
    path = f"/v1/point-items/{bag}/change"
    changed = await head.post(path, json={"more": -2, "price": 5}, headers={"If-Match": '"1"'})
    assert (changed.json()["stock"], changed.json()["price"], changed.json()["version"]) == (1, 5, 2)
    problem(await head.post(path, json={"more": 1}, headers={"If-Match": '"1"'}), 412, "precondition-failed")
    problem(await head.post(path, json={"more": -2}), 409, "out-of-stock")
    await head.post(path, json={"offered": False})
    shown = await intake.as_().get("/v1/point-items")
    assert shown.json()["items"] == []
    assert len((await intake.as_().get("/v1/point-items", params={"withdrawn": "true"})).json()["items"]) == 1
    resident = await intake.resident()
    await volunteered(intake, resident)
    gone = await intake.as_(Role.RESIDENT, resident).post("/v1/point-orders", json={"item": bag})
    problem(gone, 404, "point-item-not-found")


async def test_the_database_itself_refuses_what_no_code_should_do(intake: Intake) -> None:
    resident = await intake.resident()
    await volunteered(intake, resident)
    for sql, why in (
        ("UPDATE point_account SET balance = -1 RETURNING 1", "balance_not_negative"),
        ("UPDATE point_account SET balance = 3 RETURNING 1", "points do not add up"),
        ('UPDATE point_lot SET "left" = 1 RETURNING 1', "points do not add up"),
        ("UPDATE point_posting SET amount = 9 RETURNING 1", "never changed"),
        ("DELETE FROM point_posting RETURNING 1", "never changed"),
    ):
        with pytest.raises(DBAPIError, match=why):
            await intake.rows(sql)
    assert (await points(intake, resident))["balance"] == 2


async def test_an_order_is_made_once_for_its_key(intake: Intake) -> None:
    resident = await intake.resident()
    await volunteered(intake, resident)
    bag = await item(intake, price=1)
    client = intake.as_(Role.RESIDENT, resident)
    answers = [
        await client.post("/v1/point-orders", json={"item": bag}, headers={"Idempotency-Key": "one"})
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert (await points(intake, resident))["balance"] == 1
