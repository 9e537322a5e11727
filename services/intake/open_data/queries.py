"""Every read of open data."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.open_data.tables import OpenRelease, OpenRequest


async def last_release(session: AsyncSession) -> OpenRelease | None:
    row: OpenRelease | None = await session.scalar(select(OpenRelease))
    return row


async def listing(
    session: AsyncSession,
    *,
    since: date | None,
    until: date | None,
    before: tuple[date, str] | None,
    limit: int,
) -> Sequence[OpenRequest]:
    """The latest first, from below (period, row) on."""
    place = tuple_(OpenRequest.period, OpenRequest.row)
    statement = select(OpenRequest)
    if since is not None:
        statement = statement.where(OpenRequest.period >= since)
    if until is not None:
        statement = statement.where(OpenRequest.period <= until)
    if before is not None:
        statement = statement.where(place < tuple_(*before))
    statement = statement.order_by(OpenRequest.period.desc(), OpenRequest.row.desc()).limit(limit)
    return (await session.scalars(statement)).all()
