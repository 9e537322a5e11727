"""Points: accounts, postings that never change, the lots they expire by, the catalogue, orders."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime

LIVING = '"left" > 0'
"""As the index and `queries` have it, word for word."""
OPEN_ORDERS = "state = 'ordered'"


class PointAccount(Base):
    """What a resident has. Whoever changes it locks this row first, and the database keeps it from going below zero."""

    __tablename__ = "point_account"
    __table_args__ = (
        CheckConstraint("balance >= 0", name="balance_not_negative"),
        CheckConstraint("minutes >= 0", name="minutes_not_negative"),
    )

    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    balance: Mapped[int]
    minutes: Mapped[int]
    """All that the resident worked as a volunteer, hours beyond those that count included."""


class PointPosting(Base):
    """Points that went from one account to another. Never changed: the database refuses it."""

    __tablename__ = "point_posting"
    __table_args__ = (
        # None at all for less than a full hour, of which the minutes are kept.
        CheckConstraint("amount > 0 OR (amount = 0 AND reason = 'attended')", name="moves_something"),
        CheckConstraint("debit <> credit", name="between_two_accounts"),
        CheckConstraint("(debit = 'resident') <> (credit = 'resident')", name="of_one_resident"),
        Index(
            "ix_point_posting_attended_once",
            "activity",
            "resident",
            unique=True,
            postgresql_where=text("reason = 'attended'"),
        ),
        Index(
            "ix_point_posting_corrected_once",
            "corrects",
            unique=True,
            postgresql_where=text("corrects IS NOT NULL"),
        ),
        Index(None, "resident", "id"),
        Index(None, "tenant", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    resident: Mapped[UUID] = mapped_column(ForeignKey("point_account.resident"))
    debit: Mapped[str] = mapped_column(String(16))
    """The account that gives,"""
    credit: Mapped[str] = mapped_column(String(16))
    """and the one that gets."""
    amount: Mapped[int]
    reason: Mapped[str] = mapped_column(String(24))
    balance: Mapped[int]
    """The resident's, after it."""
    minutes: Mapped[int | None]
    """Worked, where it is for attending."""
    activity: Mapped[UUID | None]
    order_id: Mapped[UUID | None]
    corrects: Mapped[int | None] = mapped_column(BigInteger)
    role: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(UtcTime)


class PointLot(Base):
    """Points that were earned together; `left` is what was neither spent nor has expired."""

    __tablename__ = "point_lot"
    __table_args__ = (
        CheckConstraint('"left" >= 0 AND "left" <= amount', name="left_of_amount"),
        Index("ix_point_lot_living", "resident", "expires", postgresql_where=text(LIVING)),
        Index("ix_point_lot_expiring", "tenant", "expires", postgresql_where=text(LIVING)),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resident: Mapped[UUID] = mapped_column(ForeignKey("point_account.resident"))
    posting: Mapped[int] = mapped_column(ForeignKey("point_posting.id"), index=True)
    amount: Mapped[int]
    left: Mapped[int]
    expires: Mapped[datetime] = mapped_column(UtcTime)
    warned: Mapped[datetime | None] = mapped_column(UtcTime)
    """When the resident was told that it expires soon."""


class PointItem(Base):
    """Something in the catalogue."""

    __tablename__ = "point_item"
    __table_args__ = (
        CheckConstraint("price > 0", name="has_a_price"),
        CheckConstraint("stock >= 0", name="stock_not_negative"),
        Index(None, "tenant", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str | None] = mapped_column(String(120))
    price: Mapped[int]
    stock: Mapped[int]
    offered: Mapped[bool]
    version: Mapped[int]
    changed: Mapped[datetime] = mapped_column(UtcTime)


class PointOrder(Base):
    """Something that a resident took for points."""

    __tablename__ = "point_order"
    __table_args__ = (
        CheckConstraint("quantity > 0 AND points > 0", name="of_something"),
        Index(None, "tenant", "id"),
        Index(None, "tenant", "resident", "id"),
        Index("ix_point_order_open", "tenant", "id", postgresql_where=text(OPEN_ORDERS)),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resident: Mapped[UUID] = mapped_column(ForeignKey("point_account.resident"))
    item: Mapped[UUID] = mapped_column(ForeignKey("point_item.id"))
    quantity: Mapped[int]
    points: Mapped[int]
    """All of it together, at the price of that moment."""
    state: Mapped[str] = mapped_column(String(16))
    ordered: Mapped[datetime] = mapped_column(UtcTime)
    settled: Mapped[datetime | None] = mapped_column(UtcTime)
    """When it was handed over or cancelled."""


class PointUse(Base):
    """From which lots an order took its points: a cancelled order gives them back to the same."""

    __tablename__ = "point_use"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("point_order.id"), primary_key=True)
    lot: Mapped[UUID] = mapped_column(ForeignKey("point_lot.id"), primary_key=True)
    amount: Mapped[int]


class PointStatement(Base):
    """A month of which the resident was sent the statement; once."""

    __tablename__ = "point_statement"

    resident: Mapped[UUID] = mapped_column(ForeignKey("point_account.resident"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
