"""Keeping the catalogue."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.points.rules import OutOfStock
from services.intake.points.tables import PointItem
from shared.database import new_id


async def add_item(
    session: AsyncSession, *, name_zh: str, name_en: str | None, price: int, stock: int, now: datetime
) -> PointItem:
    row = PointItem(
        id=new_id(),
        name_zh=name_zh,
        name_en=name_en,
        price=price,
        stock=stock,
        offered=True,
        version=1,
        changed=now,
    )
    session.add(row)
    return row


def change_item(
    row: PointItem,
    *,
    name_zh: str | None,
    name_en: str | None,
    price: int | None,
    more: int,
    offered: bool | None,
    now: datetime,
) -> None:
    """`row` is locked, so that nobody orders meanwhile. Orders keep the price at which they were made. Raises OutOfStock."""
    if row.stock + more < 0:
        raise OutOfStock(field="more", stock=row.stock)
    row.name_zh = name_zh or row.name_zh
    row.name_en = name_en or row.name_en
    row.price = price or row.price
    row.stock += more
    row.offered = row.offered if offered is None else offered
    row.version += 1
    row.changed = now
