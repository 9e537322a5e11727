"""The catalogue: what points buy."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.points import queries
from services.intake.points.actions.catalogue import add_item, change_item
from services.intake.points.routes.schemas import Item, ItemBody, ItemChange
from services.intake.points.rules import ItemNotFound, OutOfStock
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, refuses

router = APIRouter()


@router.get("/v1/point-items")
async def list_point_items(
    call: Annotated[Call, permit("points:read")],
    *,
    withdrawn: bool = False,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[Item]:
    """What can be had, and with `withdrawn` also what no longer can."""
    after = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        rows = await queries.catalogue(session, offered_only=not withdrawn, after=after, limit=limit + 1)
    return page(rows, limit, item=lambda row: Item.of(row, call.language), position=lambda row: (row.id,))


@router.get("/v1/point-items/{id}", responses=refuses(ItemNotFound))
async def read_point_item(id: UUID, call: Annotated[Call, permit("points:read")]) -> Item:
    async with call.transaction() as session:
        row = await queries.item(session, id)
    call.etag(row.version)
    return Item.of(row, call.language)


@router.post("/v1/point-items", status_code=201)
async def add_point_item(body: ItemBody, call: Annotated[Call, permit("points:manage")]) -> Item:
    """Offer something for points."""

    async def add(session: AsyncSession) -> Item:
        row = await add_item(
            session,
            name_zh=body.name_zh,
            name_en=body.name_en,
            price=body.price,
            stock=body.stock,
            now=call.now,
        )
        return Item.of(row, call.language)

    return await call.once(add)


@router.post("/v1/point-items/{id}/change", responses=refuses(ItemNotFound, OutOfStock))
async def change_point_item(
    id: UUID, body: ItemChange, call: Annotated[Call, permit("points:manage")]
) -> Item:
    """Another name or price, more pieces, on offer or no longer. Two who change it at once notice (If-Match)."""

    async def change(session: AsyncSession) -> Item:
        row = await queries.item(session, id, for_update=True)
        if call.if_match is not None:
            call.require_match(row.version)
        change_item(
            row,
            name_zh=body.name_zh,
            name_en=body.name_en,
            price=body.price,
            more=body.more,
            offered=body.offered,
            now=call.now,
        )
        return Item.of(row, call.language)

    changed = await call.once(change)
    call.etag(changed.version)
    return changed
