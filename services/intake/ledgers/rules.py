"""The ledger of an activity's money: double entry in fen, where every line takes from one account what it gives to another.

So `cash + cost = budget + sponsors + owed + donated` holds after every line, by the form of a line and not by a check. A
line is never changed: what is wrong is reversed by another line, and both stay. Plain Python.

`open` → `balanced` when nothing is owed to anybody, no money is left over and no reimbursement waits → `settled`, with the
activity, for good.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from shared.refusals import Conflict, Forbidden, InvalidValue, NotFound


class Account(StrEnum):
    CASH = "cash"
    """What the activity has in hand."""
    COST = "cost"
    BUDGET = "budget"
    SPONSORS = "sponsors"
    OWED = "owed"
    """To residents who paid out of their own pocket."""
    DONATED = "donated"
    """What residents paid and did not want back."""


class Kind(StrEnum):
    BUDGET = "budget"
    """Money that the community gives."""
    SPONSOR = "sponsor"
    EXPENSE = "expense"
    """Paid from the money in hand."""
    OUT_OF_POCKET = "out_of_pocket"
    """Paid by a resident."""
    REIMBURSEMENT = "reimbursement"
    """To a resident, once the head has approved it."""
    WAIVER = "waiver"
    """The resident gives it to the activity."""
    BUDGET_RETURNED = "budget_returned"
    """What was left over goes back."""
    REVERSAL = "reversal"


FLOW: Mapping[Kind, tuple[Account, Account]] = MappingProxyType(
    {
        Kind.BUDGET: (Account.CASH, Account.BUDGET),
        Kind.SPONSOR: (Account.CASH, Account.SPONSORS),
        Kind.EXPENSE: (Account.COST, Account.CASH),
        Kind.OUT_OF_POCKET: (Account.COST, Account.OWED),
        Kind.REIMBURSEMENT: (Account.OWED, Account.CASH),
        Kind.WAIVER: (Account.OWED, Account.DONATED),
        Kind.BUDGET_RETURNED: (Account.BUDGET, Account.CASH),
    }
)
"""The account that is debited, and the one that is credited."""
BY_HAND = (Kind.BUDGET, Kind.SPONSOR, Kind.EXPENSE, Kind.OUT_OF_POCKET, Kind.BUDGET_RETURNED)
"""What a worker enters; a reimbursement needs two people, a waiver is the resident's own."""
_ASSETS = frozenset({Account.CASH, Account.COST})
"""Accounts that a debit makes larger; the others a credit."""


class State(StrEnum):
    OPEN = "open"
    BALANCED = "balanced"
    SETTLED = "settled"


class ClaimState(StrEnum):
    """Of a reimbursement that somebody entered."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


class LedgerNotFound(NotFound):
    type = "ledger-not-found"
    zh = "该活动还没有账目。"
    en = "This activity has no ledger yet."


class LineNotFound(NotFound):
    type = "ledger-line-not-found"
    zh = "没有这笔账。"
    en = "There is no such line."


class ClaimNotFound(NotFound):
    type = "reimbursement-not-found"
    zh = "没有这笔报销。"
    en = "There is no such reimbursement."


class LedgerSettled(Conflict):
    type = "ledger-settled"
    zh = "账目已结清，不能再记账。"
    en = "The ledger is settled; nothing can be entered any more."


class NotYetPlanned(Conflict):
    """A proposal costs nothing."""

    type = "activity-not-planned"
    zh = "活动尚未排期，不能记账。"
    en = "The activity is not scheduled yet, so nothing can be entered."


class NotEnoughCash(Conflict):
    type = "not-enough-cash"
    zh = "账上余额 {cash_zh} 元不足；居民垫付的请记为垫付。"
    en = "There are only {cash_zh} yuan in hand; what a resident paid is entered as out of pocket."


class MoreThanGiven(Conflict):
    type = "more-than-given"
    zh = "退回的经费超过了拨入的经费 {budget_zh} 元。"
    en = "More budget would go back than was given: {budget_zh} yuan."


class NotOwed(Conflict):
    type = "not-owed"
    zh = "超出应还给该居民的金额，目前应还 {owed_zh} 元。"
    en = "More than is owed to this resident; there are {owed_zh} yuan."


class AlreadyReversed(Conflict):
    type = "line-reversed"
    zh = "这笔账已冲销，或本身就是冲销，不能再冲销。"
    en = "The line has been reversed, or reverses another, and cannot be reversed."


class OwnEntry(Forbidden):
    """Four eyes: whoever entered it does not approve it."""

    type = "own-entry"
    zh = "报销须由另一人审批，录入人不能审批自己录入的报销。"
    en = "A reimbursement is approved by somebody else than whoever entered it."


class ClaimDecided(Conflict):
    type = "reimbursement-decided"
    zh = "该报销已经审批。"
    en = "This reimbursement has been decided."


class ReceiptMissing(InvalidValue):
    type = "receipt-missing"


class ReceiptUnknown(InvalidValue):
    type = "receipt-unknown"


class ReceiptNotFound(NotFound):
    type = "receipt-not-found"
    zh = "没有这张票据。"
    en = "There is no such receipt."


class ReceiptInBooks(Conflict):
    """Books keep what they stand on, also where the line was reversed."""

    type = "receipt-in-books"
    zh = "票据已记入账目，不能移除。"
    en = "A line of the ledger names this receipt, and it stays."


class TooManyReceipts(Conflict):
    """Params: `most`."""

    type = "too-many-receipts"
    zh = "尚未入账的票据最多 {most} 张。"
    en = "At most {most} receipts may wait to be entered."


class PartyMissing(InvalidValue):
    type = "party-missing"


class NotBalanced(Conflict):
    """Params: the numbers of the lines at fault, of the reimbursements that wait, and the money left over."""

    type = "ledger-not-balanced"
    zh = "账目未结平：垫付未还的账目 {lines_zh}；待审批报销 {claims} 笔；结余 {cash_zh} 元未处理。"
    en = (
        "The ledger does not balance: not reimbursed: lines {lines_en}; reimbursements that wait: {claims}; "
        "left over: {cash_zh} yuan."
    )


@dataclass(frozen=True, slots=True)
class Line:
    """`amount` in fen, above zero."""

    number: int
    """Its place in the ledger, from 1."""
    kind: Kind
    debit: Account
    credit: Account
    amount: int
    payer: UUID | None = None
    """The resident whose money it is."""
    reverses: int | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """What a ledger comes to, in fen."""

    cost: int
    budget: int
    """Net of what went back."""
    sponsored: int
    donated: int
    out_of_pocket: int
    """All that residents laid out, reversals taken off."""
    cash: int
    owed: int


def line_of(number: int, kind: Kind, amount: int, payer: UUID | None = None) -> Line:
    debit, credit = FLOW[kind]
    return Line(number, kind, debit, credit, amount, payer)


def reversal_of(line: Line, number: int) -> Line:
    """The same the other way round. Raises AlreadyReversed for a line that reverses another."""
    if line.kind is Kind.REVERSAL:
        raise AlreadyReversed
    return Line(number, Kind.REVERSAL, line.credit, line.debit, line.amount, line.payer, line.number)


def balances(lines: Iterable[Line]) -> Mapping[Account, int]:
    """Of every account, in its own direction."""
    found: dict[Account, int] = dict.fromkeys(Account, 0)
    for line in lines:
        found[line.debit] += line.amount if line.debit in _ASSETS else -line.amount
        found[line.credit] += -line.amount if line.credit in _ASSETS else line.amount
    return found


def owed(lines: Iterable[Line]) -> Mapping[UUID, int]:
    """What is owed to each resident; only those to whom anything is."""
    found: dict[UUID, int] = defaultdict(int)
    for line in lines:
        if line.payer is not None:
            found[line.payer] += (line.credit is Account.OWED) * line.amount
            found[line.payer] -= (line.debit is Account.OWED) * line.amount
    return {payer: amount for payer, amount in found.items() if amount}


def check(lines: Sequence[Line], new: Line) -> None:
    """Whether the line may be added. Raises AlreadyReversed, NotEnoughCash, MoreThanGiven, NotOwed."""
    if new.reverses is not None and any(line.reverses == new.reverses for line in lines):
        raise AlreadyReversed
    after = [*lines, new]
    if balances(after)[Account.CASH] < 0:
        raise NotEnoughCash(field="amount", cash_zh=yuan(balances(lines)[Account.CASH]))
    if any(amount < 0 for amount in owed(after).values()):
        before = owed(lines).get(new.payer, 0) if new.payer else 0
        raise NotOwed(field="amount", owed_zh=yuan(before))
    if balances(after)[Account.BUDGET] < 0:
        raise MoreThanGiven(field="amount", budget_zh=yuan(balances(lines)[Account.BUDGET]))


def unreimbursed(lines: Sequence[Line]) -> Sequence[int]:
    """The numbers of the out-of-pocket lines that are not paid back: what was given back counts for the oldest first."""
    reversed_ = {line.reverses for line in lines if line.reverses is not None}
    laid_out = [line for line in lines if line.kind is Kind.OUT_OF_POCKET and line.number not in reversed_]
    left = dict(owed(lines))
    found: list[int] = []
    for line in reversed(laid_out):
        open_ = left.get(line.payer, 0) if line.payer else 0
        if line.payer is not None and open_ > 0:
            found.append(line.number)
            left[line.payer] = open_ - line.amount
    return sorted(found)


def state_of(lines: Sequence[Line], *, waiting: int) -> State:
    """`waiting`: reimbursements that nobody has decided yet."""
    totals = balances(lines)
    even = not totals[Account.CASH] and not owed(lines) and not waiting
    return State.BALANCED if even else State.OPEN


def require_balanced(lines: Sequence[Line], *, waiting: int) -> None:
    """Raises NotBalanced that names the lines."""
    if state_of(lines, waiting=waiting) is State.BALANCED:
        return
    numbers = [str(number) for number in unreimbursed(lines)]
    raise NotBalanced(
        lines=",".join(numbers),
        lines_zh="、".join(numbers) or "无",
        lines_en=", ".join(numbers) or "none",
        claims=waiting,
        cash=balances(lines)[Account.CASH],
        cash_zh=yuan(balances(lines)[Account.CASH]),
    )


def sums(lines: Sequence[Line]) -> Sums:
    totals = balances(lines)
    by_number = {line.number: line for line in lines}
    pocket = sum(line.amount for line in lines if line.kind is Kind.OUT_OF_POCKET)
    pocket -= sum(
        line.amount
        for line in lines
        if line.reverses is not None and by_number[line.reverses].kind is Kind.OUT_OF_POCKET
    )
    return Sums(
        cost=totals[Account.COST],
        budget=totals[Account.BUDGET],
        sponsored=totals[Account.SPONSORS],
        donated=totals[Account.DONATED],
        out_of_pocket=pocket,
        cash=totals[Account.CASH],
        owed=totals[Account.OWED],
    )


def yuan(fen: int) -> str:
    """`1234` is `12.34`."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"
