"""Orders: taking something for points, thinking better of it, collecting it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.desk import Desk
from services.intake.points import queries
from services.intake.points.actions import ordering
from services.intake.points.routes.schemas import Order, Ordering
from services.intake.points.rules import (
    CancelWindowClosed,
    ItemNotFound,
    NotEnoughPoints,
    OrderNotFound,
    OrderSettled,
    OrderState,
    OutOfStock,
    OwnPointsOnly,
)
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.queries import one as one_resident
from services.intake.residents.rules import ResidentErased
from shared.refusals import InvalidValue
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, provided, refuses

router = APIRouter()


class WhosePoints(InvalidValue):
    type = "whose-points"


@router.post(
    "/v1/point-orders",
    status_code=201,
    responses=refuses(
        WhosePoints,
        OwnPointsOnly,
        ResidentNotFound,
        ResidentErased,
        ItemNotFound,
        OutOfStock,
        NotEnoughPoints,
    ),
)
async def order_for_points(body: Ordering, call: Annotated[Call, permit("points:spend")]) -> Order:
    """Take something from the catalogue; its points are spent at once."""
    own = own_resident(call.principal)
    if own is not None and body.resident not in {None, own}:
        raise OwnPointsOnly
    resident = own or body.resident
    if resident is None:
        raise WhosePoints(
            field="resident", reason_zh="请说明使用哪位居民的积分。", reason_en="Say whose points are spent."
        )

    async def order(session: AsyncSession) -> Order:
        await one_resident(session, resident)
        made = await ordering.order(
            session, resident, body.item, body.quantity, now=call.now, by=actor_of(call.principal)
        )
        return Order.of(made)

    return await call.once(order)


@router.get("/v1/point-orders")
async def list_point_orders(
    call: Annotated[Call, permit("points:read")],
    *,
    resident: UUID | None = None,
    state: OrderState | None = None,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[Order]:
    """Orders, the latest first. A resident sees their own."""
    own = own_resident(call.principal)
    before = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        rows = await queries.orders(
            session, resident=own or resident, state=state, before=before, limit=limit + 1
        )
    return page(
        rows,
        limit,
        item=lambda row: Order.of(row[0], row[1], call.language),
        position=lambda row: (row[0].id,),
    )


@router.post(
    "/v1/point-orders/{id}/cancel", responses=refuses(OrderNotFound, OrderSettled, CancelWindowClosed)
)
async def cancel_point_order(
    id: UUID,
    call: Annotated[Call, permit("points:spend")],
    desk: Annotated[Desk, provided(Desk)],
) -> Order:
    """Give it back: the points return with the dates at which they expire. A resident has some hours for it."""
    terms = desk.policies.of(call.tenant).points

    async def cancel(session: AsyncSession) -> Order:
        own = own_resident(call.principal)
        by = actor_of(call.principal)
        return Order.of(await ordering.cancel(session, id, terms, resident=own, now=call.now, by=by))

    return await call.once(cancel)


@router.post("/v1/point-orders/{id}/hand-over", responses=refuses(OrderNotFound, OrderSettled))
async def hand_over_point_order(id: UUID, call: Annotated[Call, permit("points:hand-over")]) -> Order:
    """It was collected; from now on it cannot be cancelled."""

    async def hand_over(session: AsyncSession) -> Order:
        return Order.of(await ordering.hand_over(session, id, now=call.now))

    return await call.once(hand_over)
