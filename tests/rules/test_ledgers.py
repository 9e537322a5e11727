"""The ledger of an activity: it always balances, says what is missing, and never lets more out than came in."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.intake.ledgers.rules import (
    FLOW,
    Account,
    AlreadyReversed,
    Kind,
    Line,
    MoreThanGiven,
    NotBalanced,
    NotEnoughCash,
    NotOwed,
    State,
    balances,
    check,
    line_of,
    owed,
    require_balanced,
    reversal_of,
    state_of,
    sums,
    unreimbursed,
    yuan,
)
from shared.refusals import Refusal

ANNA, BO = UUID(int=1), UUID(int=2)


def book(*lines: tuple[Any, ...]) -> list[Line]:
    """A ledger into which these were entered one after the other: kind, amount and, where it is one's, the payer."""
    made: list[Line] = []
    for kind, amount, *payer in lines:
        line = line_of(len(made) + 1, kind, amount, *payer)
        check(made, line)
        made.append(line)
    return made


EVENING = [
    (Kind.BUDGET, 80_000),
    (Kind.SPONSOR, 30_000),
    (Kind.EXPENSE, 95_000),
    (Kind.OUT_OF_POCKET, 12_000, ANNA),
    (Kind.OUT_OF_POCKET, 6_050, BO),
    (Kind.REIMBURSEMENT, 12_000, ANNA),
    (Kind.WAIVER, 6_050, BO),
    (Kind.BUDGET_RETURNED, 3_000),
]


def test_an_evening_s_ledger_adds_up() -> None:
    lines = book(*EVENING)
    total = sums(lines)
    assert (total.cost, total.budget, total.sponsored, total.donated) == (113_050, 77_000, 30_000, 6_050)
    assert (total.out_of_pocket, total.cash, total.owed) == (18_050, 0, 0)
    assert total.cost == total.budget + total.sponsored + total.donated
    require_balanced(lines, waiting=0)


@pytest.mark.parametrize(
    ("why", "lines", "waiting", "numbers", "cash"),
    [
        ("an activity without money", [], 0, None, 0),
        ("money left over", EVENING[:-1], 0, "", 3_000),
        ("nobody paid Bo back", [*EVENING[:6], (Kind.BUDGET_RETURNED, 3_000)], 0, "5", 0),
        ("somebody's approval is missing", EVENING, 1, "", 0),
        (
            "half of it paid back: the later line is open",
            [
                (Kind.BUDGET, 500),
                (Kind.OUT_OF_POCKET, 500, ANNA),
                (Kind.OUT_OF_POCKET, 500, ANNA),
                (Kind.REIMBURSEMENT, 500, ANNA),
            ],
            0,
            "3",
            0,
        ),
    ],
)
def test_settling_is_refused_by_naming_the_lines(
    why: str, lines: list[tuple[Any, ...]], waiting: int, numbers: str | None, cash: int
) -> None:
    made = book(*lines)
    if numbers is None:
        require_balanced(made, waiting=waiting)
        return
    with pytest.raises(NotBalanced) as refused:
        require_balanced(made, waiting=waiting)
    params = refused.value.params
    assert (params["lines"], params["claims"], params["cash"]) == (numbers, waiting, cash), why


@pytest.mark.parametrize(
    ("why", "lines", "new", "refusal"),
    [
        ("nothing in hand", [], (Kind.EXPENSE, 1), NotEnoughCash),
        ("more than in hand", [(Kind.BUDGET, 100)], (Kind.EXPENSE, 101), NotEnoughCash),
        (
            "nothing is owed to Bo",
            [(Kind.BUDGET, 100), (Kind.OUT_OF_POCKET, 50, ANNA)],
            (Kind.REIMBURSEMENT, 50, BO),
            NotOwed,
        ),
        (
            "more than Anna paid",
            [(Kind.BUDGET, 100), (Kind.OUT_OF_POCKET, 50, ANNA)],
            (Kind.REIMBURSEMENT, 51, ANNA),
            NotOwed,
        ),
        (
            "a sponsor's money is not the community's",
            [(Kind.SPONSOR, 100)],
            (Kind.BUDGET_RETURNED, 100),
            MoreThanGiven,
        ),
    ],
)
def test_no_line_lets_out_more_than_came_in(
    why: str, lines: list[tuple[Any, ...]], new: tuple[Any, ...], refusal: type[Refusal]
) -> None:
    made = book(*lines)
    with pytest.raises(refusal):
        check(made, line_of(len(made) + 1, *new))


def test_a_line_is_taken_back_once_by_its_opposite() -> None:
    lines = book((Kind.BUDGET, 100), (Kind.OUT_OF_POCKET, 60, ANNA))
    back = reversal_of(lines[1], 3)
    check(lines, back)
    after = [*lines, back]
    assert (owed(after), sums(after).out_of_pocket, sums(after).cost) == ({}, 0, 0)
    with pytest.raises(AlreadyReversed):
        check(after, reversal_of(lines[1], 4))
    with pytest.raises(AlreadyReversed):
        reversal_of(back, 4)


def test_what_was_spent_keeps_the_money_that_paid_it() -> None:
    """The budget cannot be taken back from under an expense."""
    lines = book((Kind.BUDGET, 100), (Kind.EXPENSE, 60))
    with pytest.raises(NotEnoughCash):
        check(lines, reversal_of(lines[0], 3))


def test_money_is_written_in_yuan() -> None:
    assert [yuan(fen) for fen in (0, 5, 1234, -1234)] == ["0.00", "0.05", "12.34", "-12.34"]


class Books(RuleBasedStateMachine):
    """Anybody enters anything: what is refused changes nothing, what is not keeps both sides even."""

    @initialize()
    def begin(self) -> None:
        self.lines: list[Line] = []

    def enter(self, line: Line) -> None:
        try:
            check(self.lines, line)
        except Refusal:
            return
        self.lines.append(line)

    @rule(kind=st.sampled_from(sorted(FLOW)), amount=st.integers(1, 500), payer=st.sampled_from((ANNA, BO)))
    def add(self, kind: Kind, amount: int, payer: UUID) -> None:
        personal = Account.OWED in FLOW[kind]
        self.enter(line_of(len(self.lines) + 1, kind, amount, payer if personal else None))

    @precondition(lambda self: bool(owed(self.lines)))
    @rule(kind=st.sampled_from((Kind.REIMBURSEMENT, Kind.WAIVER)))
    def pay_back(self, kind: Kind) -> None:
        payer, amount = next(iter(owed(self.lines).items()))
        self.enter(line_of(len(self.lines) + 1, kind, amount, payer))

    @precondition(lambda self: balances(self.lines)[Account.CASH] > 0)
    @rule()
    def return_the_rest(self) -> None:
        cash = balances(self.lines)[Account.CASH]
        self.enter(line_of(len(self.lines) + 1, Kind.BUDGET_RETURNED, cash))

    @precondition(lambda self: bool(self.lines))
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        line = data.draw(st.sampled_from(self.lines))
        try:
            back = reversal_of(line, len(self.lines) + 1)
        except AlreadyReversed:
            assert line.kind is Kind.REVERSAL
            return
        self.enter(back)

    @invariant()
    def both_sides_come_to_the_same(self) -> None:
        total = balances(self.lines)
        assert total[Account.CASH] + total[Account.COST] == (
            total[Account.BUDGET] + total[Account.SPONSORS] + total[Account.OWED] + total[Account.DONATED]
        )

    @invariant()
    def nothing_is_below_zero(self) -> None:
        assert min(balances(self.lines).values()) >= 0
        assert all(amount > 0 for amount in owed(self.lines).values())

    @invariant()
    def what_is_owed_is_named_and_only_that(self) -> None:
        named = {line.number: line for line in self.lines if line.number in unreimbursed(self.lines)}
        assert {line.payer for line in named.values()} == set(owed(self.lines))
        assert all(line.kind is Kind.OUT_OF_POCKET for line in named.values())

    @invariant()
    def balanced_means_that_the_cost_is_paid_for(self) -> None:
        if state_of(self.lines, waiting=0) is State.BALANCED:
            total = sums(self.lines)
            assert total.cost == total.budget + total.sponsored + total.donated
            assert not unreimbursed(self.lines)


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
