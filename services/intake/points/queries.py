"""Every read of points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.points.rules import ItemNotFound, Lot, OrderNotFound, OrderState, Reason
from services.intake.points.tables import (
    LIVING,
    OPEN_ORDERS,
    PointAccount,
    PointItem,
    PointLot,
    PointOrder,
    PointPosting,
    PointStatement,
    PointUse,
)
from services.intake.rates.months import bounds


@dataclass(frozen=True, slots=True)
class Month:
    """A resident's points in a month; `balance` at its end."""

    resident: UUID
    earned: int
    spent: int
    expired: int
    corrected: int
    balance: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Expiring:
    """Points of a resident that end at the same moment."""

    resident: UUID
    expires: datetime
    amount: int


async def account(session: AsyncSession, resident: UUID) -> PointAccount | None:
    return await session.scalar(select(PointAccount).where(PointAccount.resident == resident))


async def lots(session: AsyncSession, resident: UUID) -> Sequence[Lot]:
    """What is left, in the order in which it expires. The account is locked by whoever takes from them."""
    rows = await session.execute(
        select(PointLot.id, PointLot.expires, PointLot.left)
        .where(PointLot.resident == resident, text(LIVING))
        .order_by(PointLot.expires, PointLot.id)
    )
    return [Lot(row.id, row.expires, row.left) for row in rows]


async def lot_of(session: AsyncSession, posting: int) -> Lot | None:
    row = (
        await session.execute(
            select(PointLot.id, PointLot.expires, PointLot.left).where(PointLot.posting == posting)
        )
    ).one_or_none()
    return None if row is None else Lot(row.id, row.expires, row.left)


async def uses(session: AsyncSession, order: UUID) -> Mapping[UUID, int]:
    """By lot, what an order took from it."""
    rows = await session.execute(select(PointUse.lot, PointUse.amount).where(PointUse.order_id == order))
    return {row.lot: row.amount for row in rows}


async def posting(session: AsyncSession, resident: UUID, id: int) -> PointPosting | None:
    return await session.scalar(
        select(PointPosting).where(PointPosting.id == id, PointPosting.resident == resident)
    )


async def postings(
    session: AsyncSession, resident: UUID, *, before: int | None, limit: int
) -> Sequence[PointPosting]:
    """The latest first, from below id `before` on."""
    statement = select(PointPosting).where(PointPosting.resident == resident)
    if before is not None:
        statement = statement.where(PointPosting.id < before)
    return (await session.scalars(statement.order_by(PointPosting.id.desc()).limit(limit))).all()


async def expiring(session: AsyncSession, resident: UUID) -> Sequence[Expiring]:
    """What is left, by when it expires."""
    rows = await session.execute(
        select(PointLot.expires, func.sum(PointLot.left).label("amount"))
        .where(PointLot.resident == resident, text(LIVING))
        .group_by(PointLot.expires)
        .order_by(PointLot.expires)
    )
    return [Expiring(resident, row.expires, int(row.amount)) for row in rows]


async def with_expired(session: AsyncSession, now: datetime, *, count: int) -> Sequence[UUID]:
    """Residents of whom something has expired and is not posted yet, in the order in which they are locked."""
    statement = select(PointLot.resident).where(text(LIVING), PointLot.expires <= now).distinct()
    return (await session.scalars(statement.order_by(PointLot.resident).limit(count))).all()


async def to_warn(session: AsyncSession, until: datetime, *, count: int) -> Sequence[Expiring]:
    """What expires until then, and of which nobody was told yet."""
    statement = (
        select(PointLot.resident, PointLot.expires, func.sum(PointLot.left).label("amount"))
        .where(text(LIVING), PointLot.expires <= until, PointLot.warned.is_(None))
        .group_by(PointLot.resident, PointLot.expires)
        .order_by(PointLot.resident, PointLot.expires)
        .limit(count)
    )
    return [Expiring(row.resident, row.expires, int(row.amount)) for row in await session.execute(statement)]


async def catalogue(
    session: AsyncSession, *, offered_only: bool, after: UUID | None, limit: int
) -> Sequence[PointItem]:
    statement = select(PointItem)
    if offered_only:
        statement = statement.where(PointItem.offered)
    if after is not None:
        statement = statement.where(PointItem.id > after)
    return (await session.scalars(statement.order_by(PointItem.id).limit(limit))).all()


async def item(session: AsyncSession, id: UUID, *, for_update: bool = False) -> PointItem:
    """Raises ItemNotFound."""
    statement = select(PointItem).where(PointItem.id == id)
    row = await session.scalar(statement.with_for_update() if for_update else statement)
    if row is None:
        raise ItemNotFound
    return row


async def order(session: AsyncSession, id: UUID, *, resident: UUID | None) -> PointOrder:
    """`resident` narrows to that resident's own. Raises OrderNotFound."""
    statement = select(PointOrder).where(PointOrder.id == id).execution_options(populate_existing=True)
    if resident is not None:
        statement = statement.where(PointOrder.resident == resident)
    row = await session.scalar(statement)
    if row is None:
        raise OrderNotFound
    return row


async def orders(
    session: AsyncSession,
    *,
    resident: UUID | None,
    state: OrderState | None,
    before: UUID | None,
    limit: int,
) -> Sequence[tuple[PointOrder, PointItem]]:
    """The latest first, each with what was ordered."""
    statement = select(PointOrder, PointItem).join(PointItem, PointItem.id == PointOrder.item)
    if resident is not None:
        statement = statement.where(PointOrder.resident == resident)
    if state is OrderState.ORDERED:
        statement = statement.where(text(OPEN_ORDERS))
    elif state is not None:
        statement = statement.where(PointOrder.state == state.value)
    if before is not None:
        statement = statement.where(PointOrder.id < before)
    rows = await session.execute(statement.order_by(PointOrder.id.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]


async def open_orders_of(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[UUID]:
    statement = select(PointOrder.id).where(PointOrder.resident.in_(residents), text(OPEN_ORDERS))
    return (await session.scalars(statement.order_by(PointOrder.id))).all()


async def month_of(session: AsyncSession, resident: UUID, month: date) -> Month:
    """What became of a resident's points in a month; the balance is that of its last posting, or of the last before it."""
    start, end = bounds(month, month)
    found = {row.resident: row for row in await session.execute(_months(start, end, resident))}
    last = await session.scalar(
        select(PointPosting.balance)
        .where(PointPosting.resident == resident, PointPosting.at < end)
        .order_by(PointPosting.id.desc())
        .limit(1)
    )
    row = found.get(resident)
    if row is None:
        return Month(resident, 0, 0, 0, 0, last or 0, 0)
    return Month(
        resident,
        earned=row.earned,
        spent=row.ordered - row.given_back,
        expired=row.expired,
        corrected=row.corrected,
        balance=last or 0,
        minutes=row.minutes,
    )


async def to_state(session: AsyncSession, month: date, *, count: int) -> Sequence[UUID]:
    """Residents who had postings in the month and no statement of it yet."""
    start, end = bounds(month, month)
    stated = (
        select(PointStatement.resident)
        .where(PointStatement.resident == PointPosting.resident, PointStatement.month == month)
        .exists()
    )
    statement = (
        select(PointPosting.resident)
        .where(PointPosting.at >= start, PointPosting.at < end, ~stated)
        .distinct()
        .order_by(PointPosting.resident)
        .limit(count)
    )
    return (await session.scalars(statement)).all()


async def used_since(session: AsyncSession, residents: Sequence[UUID], since: datetime) -> set[UUID]:
    """Who of them earned or spent something then or later; what expires by itself is no use."""
    statement = select(PointPosting.resident).where(
        PointPosting.resident.in_(residents),
        PointPosting.at >= since,
        PointPosting.reason.in_([Reason.ATTENDED.value, Reason.ORDERED.value]),
    )
    return set((await session.scalars(statement.distinct())).all())


def _months(start: datetime, end: datetime, resident: UUID) -> Select[Any]:
    def total(*reasons: Reason) -> Any:
        amount = func.sum(PointPosting.amount).filter(
            PointPosting.reason.in_([each.value for each in reasons])
        )
        return func.coalesce(amount, 0)

    return (
        select(
            PointPosting.resident,
            total(Reason.ATTENDED).label("earned"),
            total(Reason.ORDERED).label("ordered"),
            total(Reason.ORDER_CANCELLED).label("given_back"),
            total(Reason.EXPIRED, Reason.ERASED).label("expired"),
            total(Reason.CORRECTED).label("corrected"),
            func.coalesce(func.sum(PointPosting.minutes), 0).label("minutes"),
        )
        .where(PointPosting.resident == resident, PointPosting.at >= start, PointPosting.at < end)
        .group_by(PointPosting.resident)
    )
