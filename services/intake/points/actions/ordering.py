"""Points that are spent: ordering, giving back, collecting."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.points import queries
from services.intake.points.actions.expiring import expire_locked
from services.intake.points.actions.posting import change_lots, lock, post
from services.intake.points.rules import (
    ItemNotFound,
    OrderSettled,
    OrderState,
    OutOfStock,
    PointTerms,
    Reason,
    by_account,
    may_cancel,
    take,
)
from services.intake.points.tables import PointItem, PointOrder, PointUse
from services.intake.residents.queries import person
from shared.database import new_id


async def order(
    session: AsyncSession, resident: UUID, item: UUID, quantity: int, *, now: datetime, by: Actor
) -> PointOrder:
    """Take something from the catalogue, for points of all records of the person.

    Raises ResidentNotFound, ItemNotFound, OutOfStock, NotEnoughPoints.
    """
    accounts = await person(session, resident)
    await lock(session, accounts)
    for account in accounts:
        await expire_locked(session, account, now)
    price = await session.scalar(
        update(PointItem)
        .where(PointItem.id == item, PointItem.offered, PointItem.stock >= quantity)
        .values(stock=PointItem.stock - quantity)
        .returning(PointItem.price)
        .execution_options(synchronize_session=False)
    )
    if price is None:
        there = await queries.item(session, item)
        if not there.offered:
            raise ItemNotFound
        raise OutOfStock(field="quantity", stock=there.stock)
    taken = take(await queries.lots(session, accounts), price * quantity, now)
    made = PointOrder(
        id=new_id(),
        resident=resident,
        item=item,
        quantity=quantity,
        points=price * quantity,
        state=OrderState.ORDERED.value,
        ordered=now,
    )
    session.add(made)
    await session.flush()
    await session.execute(
        insert(PointUse), [{"order_id": made.id, "lot": each.lot, "amount": each.amount} for each in taken]
    )
    await change_lots(session, taken, -1)
    for account, amount in by_account(taken).items():
        await post(session, account, Reason.ORDERED, amount, order=made.id, now=now, by=by)
    return made


async def cancel(
    session: AsyncSession,
    id: UUID,
    terms: PointTerms,
    *,
    resident: UUID | None,
    now: datetime,
    by: Actor,
) -> PointOrder:
    """Give an order back, its points to the lots they came from and its things to the stock.

    `resident` is the caller, where it is a resident: then it has to be their own, and in time. Raises OrderNotFound,
    OrderSettled, CancelWindowClosed.
    """
    await queries.order(session, id, resident=resident)
    uses = await queries.uses(session, id)
    shares = by_account(uses)
    await lock(session, shares)
    found = await queries.order(session, id, resident=resident)
    may_cancel(OrderState(found.state), found.ordered, now, terms, staff=resident is None)
    await _end(session, id, OrderState.CANCELLED, now)
    await session.execute(
        update(PointItem)
        .where(PointItem.id == found.item)
        .values(stock=PointItem.stock + found.quantity)
        .execution_options(synchronize_session=False)
    )
    await change_lots(session, uses, 1)
    for account, amount in shares.items():
        await post(session, account, Reason.ORDER_CANCELLED, amount, order=id, now=now, by=by)
    return await queries.order(session, id, resident=resident)


async def hand_over(session: AsyncSession, id: UUID, *, now: datetime) -> PointOrder:
    """It was collected. Raises OrderNotFound, OrderSettled."""
    await queries.order(session, id, resident=None)
    await _end(session, id, OrderState.HANDED_OVER, now)
    return await queries.order(session, id, resident=None)


async def _end(session: AsyncSession, id: UUID, state: OrderState, now: datetime) -> None:
    """Whoever ends the order first decides. Raises OrderSettled."""
    ended = await session.execute(
        update(PointOrder)
        .where(PointOrder.id == id, PointOrder.state == OrderState.ORDERED.value)
        .values(state=state.value, settled=now)
        .returning(PointOrder.id)
        .execution_options(synchronize_session=False)
    )
    if ended.one_or_none() is None:
        raise OrderSettled
