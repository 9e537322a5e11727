"""Ledgers of activities: their state, their lines, which never change, and reimbursements on their way."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime

WAITING = "state = 'waiting'"
"""Of a reimbursement, as the index has it."""
_CODE = String(24)


class Ledger(Base):
    """The ledger of one activity. Whoever adds to it locks this row."""

    __tablename__ = "ledger"
    __table_args__ = (Index(None, "tenant", "state", "activity"),)

    activity: Mapped[UUID] = mapped_column(ForeignKey("activity.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    lines: Mapped[int]
    """How many it has: the number of the last one."""
    version: Mapped[int]
    opened: Mapped[datetime] = mapped_column(UtcTime)
    settled: Mapped[datetime | None] = mapped_column(UtcTime)


class LedgerLine(Base):
    """One line. Never changed or removed: the database refuses it."""

    __tablename__ = "ledger_line"
    __table_args__ = (
        CheckConstraint("amount > 0", name="moves_money"),
        CheckConstraint("debit <> credit", name="between_two_accounts"),
        CheckConstraint("(payer IS NOT NULL) = (debit = 'owed' OR credit = 'owed')", name="owed_to_somebody"),
        CheckConstraint("(reverses IS NOT NULL) = (kind = 'reversal')", name="reversal_names_its_line"),
        Index(
            "ix_ledger_line_reversed_once",
            "activity",
            "reverses",
            unique=True,
            postgresql_where=text("reverses IS NOT NULL"),
        ),
        Index(None, "tenant", "payer", "at"),
    )

    activity: Mapped[UUID] = mapped_column(ForeignKey("ledger.activity"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(_CODE)
    debit: Mapped[str] = mapped_column(_CODE)
    credit: Mapped[str] = mapped_column(_CODE)
    amount: Mapped[int] = mapped_column(BigInteger)
    """In fen."""
    payer: Mapped[UUID | None] = mapped_column(ForeignKey("resident.id"))
    party: Mapped[str | None] = mapped_column(String(80))
    """A body's name: a company, a foundation, a shop. Never a person's."""
    sponsor: Mapped[UUID | None] = mapped_column(ForeignKey("resident.id"))
    """A person who gave money; their name lies in their own record."""
    purpose: Mapped[str | None] = mapped_column(String(48))
    """Code of `ledger_purpose`: what was bought."""
    receipt: Mapped[UUID | None]
    """An attachment of the activity; its photo goes with its payer, the line stays."""
    reverses: Mapped[int | None]
    claim: Mapped[UUID | None]
    """The reimbursement that it pays."""
    role: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(UtcTime)


class Reimbursement(Base):
    """Money that somebody asked to be paid back to a resident, until another person has decided."""

    __tablename__ = "ledger_reimbursement"
    __table_args__ = (
        CheckConstraint("amount > 0", name="asks_for_money"),
        CheckConstraint("decided_by IS NULL OR decided_by <> entered_by", name="four_eyes"),
        Index(None, "activity", "id"),
        Index(None, "tenant", "id"),
        Index("ix_ledger_reimbursement_waiting", "tenant", "id", postgresql_where=text(WAITING)),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    activity: Mapped[UUID] = mapped_column(ForeignKey("ledger.activity"))
    payer: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16))
    entered: Mapped[datetime] = mapped_column(UtcTime)
    entered_by: Mapped[str] = mapped_column(String(255))
    decided: Mapped[datetime | None] = mapped_column(UtcTime)
    decided_by: Mapped[str | None] = mapped_column(String(255))
    line: Mapped[int | None]
    """That paid it."""
