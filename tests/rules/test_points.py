"""Points: what an hour is worth, when it is gone, which points go first, and that they always add up."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.intake.points.rules import (
    FLOW,
    Account,
    CancelWindowClosed,
    Lot,
    NotEnoughPoints,
    OrderSettled,
    OrderState,
    PointTerms,
    Reason,
    expired,
    expires,
    may_cancel,
    points_for,
    take,
)

TERMS = PointTerms()
NOW = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
RESIDENT = UUID(int=1)


@pytest.mark.parametrize(
    ("minutes", "points", "why"),
    [
        (0, 0, "was not there"),
        (59, 0, "no full hour"),
        (60, 1, "one hour one point"),
        (119, 1, "two hours are not full"),
        (120, 2, "two hours"),
        (600, 2, "at most two hours an activity"),
    ],
)
def test_one_hour_one_point_at_most_two(minutes: int, points: int, why: str) -> None:
    assert points_for(minutes, TERMS) == points, why


@pytest.mark.parametrize(
    ("earned", "gone"),
    [
        # All of a month expire together: at midnight in Shanghai after the month 24 months later.
        (datetime(2026, 11, 1, 0, 0, tzinfo=UTC), datetime(2028, 11, 30, 16, 0, tzinfo=UTC)),
        (datetime(2026, 11, 30, 15, 59, tzinfo=UTC), datetime(2028, 11, 30, 16, 0, tzinfo=UTC)),
        # Already December in Shanghai.
        (datetime(2026, 11, 30, 16, 0, tzinfo=UTC), datetime(2028, 12, 31, 16, 0, tzinfo=UTC)),
        (datetime(2026, 2, 28, 2, 0, tzinfo=UTC), datetime(2028, 2, 29, 16, 0, tzinfo=UTC)),
    ],
)
def test_points_live_to_the_end_of_a_month(earned: datetime, gone: datetime) -> None:
    assert expires(earned, TERMS) == gone


def lot(days: int, left: int) -> Lot:
    return Lot(uuid4(), RESIDENT, NOW + timedelta(days=days), left)


def test_what_expires_first_goes_first() -> None:
    late, soon, middle = lot(300, 5), lot(10, 2), lot(40, 3)
    assert [(each.lot, each.amount) for each in take([late, soon, middle], 4, NOW)] == [
        (soon.id, 2),
        (middle.id, 2),
    ]


def test_what_has_expired_is_not_spent_although_nobody_posted_it_yet() -> None:
    with pytest.raises(NotEnoughPoints) as refused:
        take([lot(0, 5), lot(1, 2)], 3, NOW)
    assert refused.value.params == {"needed": 3, "balance": 2}
    assert [each.amount for each in expired([lot(0, 5), lot(1, 2)], NOW)] == [5]


def test_an_order_can_be_given_back_for_some_hours() -> None:
    late = NOW + timedelta(hours=24, seconds=1)
    may_cancel(OrderState.ORDERED, NOW, NOW + timedelta(hours=24), TERMS, staff=False)
    with pytest.raises(CancelWindowClosed):
        may_cancel(OrderState.ORDERED, NOW, late, TERMS, staff=False)
    may_cancel(OrderState.ORDERED, NOW, late, TERMS, staff=True)
    for state in (OrderState.CANCELLED, OrderState.HANDED_OVER):
        with pytest.raises(OrderSettled):
            may_cancel(state, NOW, NOW, TERMS, staff=True)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [({"months": 0}, "months"), ({"months": True}, "months"), ({"hours": 1}, "hours")],
)
def test_a_wrong_setting_is_named(settings: Mapping[str, object], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        PointTerms.of(settings)
    assert PointTerms.of({"months": 12}).months == 12


def test_every_reason_moves_between_the_resident_and_another_account() -> None:
    for reason in Reason:
        assert (Account.RESIDENT in FLOW[reason]) is True
        assert len(set(FLOW[reason])) == 2


class Points(RuleBasedStateMachine):
    """One resident who earns, spends, gives back and forgets, in any order; the books beside them."""

    @initialize()
    def begin(self) -> None:
        self.now = NOW
        self.lots: dict[UUID, Lot] = {}
        self.orders: list[dict[UUID, int]] = []
        self.books: dict[Account, int] = dict.fromkeys(Account, 0)

    def post(self, reason: Reason, amount: int) -> None:
        debit, credit = FLOW[reason]
        self.books[debit] -= amount
        self.books[credit] += amount

    def change(self, id: UUID, amount: int) -> None:
        before = self.lots[id]
        self.lots[id] = Lot(id, RESIDENT, before.expires, before.left + amount)

    @rule(days=st.integers(1, 200))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(minutes=st.integers(0, 300))
    def volunteer(self, minutes: int) -> None:
        points = points_for(minutes, TERMS)
        if points:
            # Ids in an order that is the same each time a failure is tried again.
            made = Lot(UUID(int=len(self.lots) + 1), RESIDENT, expires(self.now, TERMS), points)
            self.lots[made.id] = made
            self.post(Reason.ATTENDED, points)

    @rule(amount=st.integers(1, 12))
    def order(self, amount: int) -> None:
        living = sum(lot.left for lot in self.lots.values() if lot.expires > self.now)
        try:
            taken = take(self.lots.values(), amount, self.now)
        except NotEnoughPoints:
            assert living < amount
            return
        assert sum(each.amount for each in taken) == amount <= living
        used = {self.lots[each.lot].expires for each in taken}
        for each in taken:
            self.change(each.lot, -each.amount)
        # First in, first out: nothing that expires earlier than the latest point used is left.
        assert not any(lot.left and self.now < lot.expires < max(used) for lot in self.lots.values())
        self.orders.append({each.lot: each.amount for each in taken})
        self.post(Reason.ORDERED, amount)

    @precondition(lambda self: bool(self.orders))
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        order = self.orders.pop(data.draw(st.integers(0, len(self.orders) - 1)))
        for id, amount in order.items():
            self.change(id, amount)
        self.post(Reason.ORDER_CANCELLED, sum(order.values()))

    @rule()
    def night(self) -> None:
        gone = expired(self.lots.values(), self.now)
        for each in gone:
            self.change(each.lot, -each.amount)
        if gone:
            self.post(Reason.EXPIRED, sum(each.amount for each in gone))
        assert not expired(self.lots.values(), self.now)

    @invariant()
    def both_sides_come_to_the_same(self) -> None:
        assert sum(self.books.values()) == 0

    @invariant()
    def the_balance_is_what_is_left_and_never_negative(self) -> None:
        assert self.books[Account.RESIDENT] == sum(lot.left for lot in self.lots.values())
        assert all(lot.left >= 0 for lot in self.lots.values())
        assert self.books[Account.RESIDENT] >= 0
        assert self.books[Account.SPENT] >= 0
        assert self.books[Account.ISSUED] <= 0


TestPoints = Points.TestCase
TestPoints.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
