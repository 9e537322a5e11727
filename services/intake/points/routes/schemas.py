"""What travels about points."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.intake.points.queries import Expiring, Holding, Line, Month
from services.intake.points.rules import Account, OrderState
from services.intake.points.tables import PointItem, PointOrder
from shared.contracts.vocabulary import name
from shared.refusals import Language
from shared.web import Model, Text

Price = Annotated[int, Field(ge=1, le=100_000)]
Stock = Annotated[int, Field(ge=0, le=1_000_000)]


class Ending(Model):
    """Points that expire at the same moment."""

    amount: int
    expires: datetime


class PointsRecord(Model):
    """What a resident has."""

    resident: UUID
    balance: int
    minutes: int
    """All that the resident worked as a volunteer."""
    expiring: list[Ending]
    """What is left, by when it expires; the first goes first."""

    @classmethod
    def of(cls, resident: UUID, holding: Holding, expiring: Sequence[Expiring]) -> "PointsRecord":
        return cls(
            resident=resident,
            balance=holding.balance,
            minutes=holding.minutes,
            expiring=[Ending(amount=each.amount, expires=each.expires) for each in expiring],
        )


class PostingLine(Model):
    """One movement of points."""

    id: int
    at: datetime
    amount: int
    """Above zero for what came, below for what went."""
    balance: int
    reason: str
    reason_name: str
    minutes: int | None
    """Worked, where it is for attending."""
    activity: UUID | None
    order: UUID | None
    debit: Account
    credit: Account

    @classmethod
    def of(cls, line: Line, language: Language) -> "PostingLine":
        row = line.posting
        return cls(
            id=row.id,
            at=row.at,
            amount=line.amount,
            balance=line.balance,
            reason=row.reason,
            reason_name=name("point_reason", row.reason, language),
            minutes=row.minutes,
            activity=row.activity,
            order=row.order_id,
            debit=Account(row.debit),
            credit=Account(row.credit),
        )


class Statement(Model):
    """A resident's points in a month."""

    resident: UUID
    month: str
    earned: int
    spent: int
    """Below zero where more was given back than ordered."""
    expired: int
    corrected: int
    minutes: int
    balance: int

    @classmethod
    def of(cls, figures: Month, month: str) -> "Statement":
        return cls(
            resident=figures.resident,
            month=month,
            earned=figures.earned,
            spent=figures.spent,
            expired=figures.expired,
            corrected=figures.corrected,
            minutes=figures.minutes,
            balance=figures.balance,
        )


class ItemBody(Model):
    """Something that points buy."""

    name_zh: Annotated[str, Text(60)]
    name_en: Annotated[str, Text(120)] | None = None
    price: Price
    stock: Stock


class ItemChange(Model):
    """What is left out stays."""

    name_zh: Annotated[str, Text(60)] | None = None
    name_en: Annotated[str, Text(120)] | None = None
    price: Price | None = None
    more: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0
    """Pieces that came (or went): people order meanwhile, so nobody says how many there are."""
    offered: bool | None = None


class Item(Model):
    id: UUID
    name: str
    name_zh: str
    name_en: str | None
    price: int
    stock: int
    offered: bool
    version: int

    @classmethod
    def of(cls, row: PointItem, language: Language) -> "Item":
        return cls(
            id=row.id,
            name=row.name_zh if language == "zh" or row.name_en is None else row.name_en,
            name_zh=row.name_zh,
            name_en=row.name_en,
            price=row.price,
            stock=row.stock,
            offered=row.offered,
            version=row.version,
        )


class Ordering(Model):
    item: UUID
    quantity: Annotated[int, Field(ge=1, le=100)] = 1
    resident: UUID | None = None
    """For whom, where staff order for a resident at the window."""


class Order(Model):
    id: UUID
    resident: UUID
    item: UUID
    item_name: str | None
    quantity: int
    points: int
    state: OrderState
    ordered: datetime
    settled: datetime | None

    @classmethod
    def of(cls, row: PointOrder, item: PointItem | None = None, language: Language = "zh") -> "Order":
        return cls(
            id=row.id,
            resident=row.resident,
            item=row.item,
            item_name=None if item is None else Item.of(item, language).name,
            quantity=row.quantity,
            points=row.points,
            state=OrderState(row.state),
            ordered=row.ordered,
            settled=row.settled,
        )


class TakenBack(Model):
    amount: int
    """Points that were still there."""
