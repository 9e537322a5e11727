"""Requests beside a request: of the same place and kind, and of the same person."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.requests.tables import Request
from shared.database import first_id

NEAR = timedelta(days=90)
"""So far back others near by are looked for: our own estimate, a season."""
MOST_COUNTED = 1000
MOST_LINES = 20


class Beside(NamedTuple):
    """`number` is exact up to MOST_COUNTED; `rows` are the latest, at most MOST_LINES."""

    number: int
    rows: Sequence[Request]


async def near(session: AsyncSession, request: Request, *, digits: int, now: datetime) -> Beside:
    """Of the same grid and place, and of the same category down to so many digits, filed in the last 90 days.

    Without a grid there is no place; of a request without a place those in its grid count, and without a category any.
    """
    if request.grid is None:
        return Beside(0, ())
    since = now - NEAR
    # Ids are made by the time, so that the index on grid and id ends the search; records of the past have new ids.
    statement = select(Request).where(
        Request.grid == request.grid,
        Request.id >= first_id(since),
        Request.filed >= since,
        Request.id != request.id,
    )
    if request.place is not None:
        statement = statement.where(Request.place == request.place)
    if request.category is not None:
        prefix = request.category[:digits]
        statement = statement.where(Request.category.between(prefix, prefix + "9999"))
    return await _beside(session, statement)


async def of_person(session: AsyncSession, request: Request) -> Beside:
    """All others of the same resident."""
    statement = select(Request).where(Request.resident == request.resident, Request.id != request.id)
    return await _beside(session, statement)


async def _beside(session: AsyncSession, statement: Select[Request]) -> Beside:
    rows = (await session.scalars(statement.order_by(Request.id.desc()).limit(MOST_LINES))).all()
    if len(rows) < MOST_LINES:
        return Beside(len(rows), rows)
    some = statement.with_only_columns(Request.id).limit(MOST_COUNTED).subquery()
    return Beside(await session.scalar(select(func.count()).select_from(some)) or 0, rows)
