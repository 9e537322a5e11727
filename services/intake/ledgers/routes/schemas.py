"""What travels about ledgers. Money is in fen, whole numbers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.intake.ledgers.rules import Account, ClaimState, Kind, State, Sums
from services.intake.ledgers.tables import Ledger, LedgerLine, Reimbursement
from services.intake.wire import Code
from shared.contracts.vocabulary import name
from shared.refusals import Language
from shared.web import Model, Text

Amount = Annotated[int, Field(ge=1, le=100_000_000, description="In fen; a million yuan at most")]


class LineBody(Model):
    """A line for the ledger."""

    kind: Literal[Kind.BUDGET, Kind.SPONSOR, Kind.EXPENSE, Kind.OUT_OF_POCKET, Kind.BUDGET_RETURNED]
    amount: Amount
    payer: UUID | None = None
    """The resident who paid out of their own pocket."""
    party: Annotated[str, Text(80)] | None = None
    """The name of a body: a company that sponsors, a shop. No person's name."""
    sponsor: UUID | None = None
    """Instead, a person who sponsors: the resident's id, since their name lies in their own record."""
    purpose: Code | None = None
    """What it was for, of the vocabulary `ledger_purpose`; needed for what was spent."""
    receipt: UUID | None = None
    """The id of a receipt of this activity; needed for what a resident paid, and then it has to be theirs."""


class TotalsBody(Model):
    """A ledger's sums, in fen."""

    cost: int
    budget: int
    sponsored: int
    donated: int
    out_of_pocket: int
    cash: int
    """Still in hand."""
    owed: int
    """Still owed to residents."""

    @classmethod
    def of(cls, sums: Sums) -> "TotalsBody":
        return cls(
            cost=sums.cost,
            budget=sums.budget,
            sponsored=sums.sponsored,
            donated=sums.donated,
            out_of_pocket=sums.out_of_pocket,
            cash=sums.cash,
            owed=sums.owed,
        )


class LineRecord(Model):
    number: int
    at: datetime
    kind: Kind
    kind_name: str
    amount: int
    debit: Account
    credit: Account
    payer: UUID | None
    party: str | None
    sponsor: UUID | None
    purpose: str | None
    purpose_name: str | None
    receipt: UUID | None
    reverses: int | None
    reversed_by: int | None
    by: str

    @classmethod
    def of(cls, row: LedgerLine, reversed_by: int | None, language: Language) -> "LineRecord":
        return cls(
            number=row.number,
            at=row.at,
            kind=Kind(row.kind),
            kind_name=name("ledger_kind", row.kind, language),
            amount=row.amount,
            debit=Account(row.debit),
            credit=Account(row.credit),
            payer=row.payer,
            party=row.party,
            sponsor=row.sponsor,
            purpose=row.purpose,
            purpose_name=None if row.purpose is None else name("ledger_purpose", row.purpose, language),
            receipt=row.receipt,
            reverses=row.reverses,
            reversed_by=reversed_by,
            by=row.actor,
        )


class LedgerLineOfList(Model):
    """A ledger in a list."""

    activity: UUID
    state: State
    lines: int
    version: int
    opened: datetime
    settled: datetime | None

    @classmethod
    def of(cls, row: Ledger) -> "LedgerLineOfList":
        return cls(
            activity=row.activity,
            state=State(row.state),
            lines=row.lines,
            version=row.version,
            opened=row.opened,
            settled=row.settled,
        )


class LedgerRecord(LedgerLineOfList):
    """A ledger with all its lines."""

    totals: TotalsBody
    entries: list[LineRecord]
    waiting: int
    """Reimbursements that nobody has decided yet."""


class Entered(Model):
    """A line that was added, and where the ledger stands after it."""

    activity: UUID
    number: int
    state: State
    version: int

    @classmethod
    def of(cls, ledger: Ledger, row: LedgerLine) -> "Entered":
        return cls(
            activity=ledger.activity, number=row.number, state=State(ledger.state), version=ledger.version
        )


class Settled(Model):
    activity: UUID
    state: State
    version: int
    totals: TotalsBody


class ClaimBody(Model):
    payer: UUID
    amount: Amount


class Decision(Model):
    approve: bool


class WaiverBody(Model):
    amount: Amount


class Claim(Model):
    """A reimbursement on its way, or decided."""

    id: UUID
    activity: UUID
    payer: UUID
    amount: int
    state: ClaimState
    entered: datetime
    entered_by: str
    decided: datetime | None
    decided_by: str | None
    line: int | None

    @classmethod
    def of(cls, row: Reimbursement) -> "Claim":
        return cls(
            id=row.id,
            activity=row.activity,
            payer=row.payer,
            amount=row.amount,
            state=ClaimState(row.state),
            entered=row.entered,
            entered_by=row.entered_by,
            decided=row.decided,
            decided_by=row.decided_by,
            line=row.line,
        )


class Sum(Model):
    code: str
    name: str
    amount: int


class OpenLedger(Model):
    """A settled ledger as everybody sees it: sums, bodies that sponsored, and no person."""

    activity: UUID
    settled: datetime
    totals: TotalsBody
    purposes: list[Sum]
    """What the money was spent for."""
    sponsors: list[str]
    """Bodies by name; people who gave are only in the sum."""


def reversals(rows: Sequence[LedgerLine]) -> dict[int, int]:
    """By the number of a line, the number of the line that reverses it."""
    return {row.reverses: row.number for row in rows if row.reverses is not None}
