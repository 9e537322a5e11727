"""Every read of grids."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.grids.rules import CatchAll, UnknownGrid
from services.casework.grids.tables import Grid, GridPlace
from shared.addressing import GridCoverage
from shared.contracts.casework import GridKind
from shared.database import among


async def grid(session: AsyncSession, id: UUID, *, for_update: bool = False) -> Grid:
    """Raises UnknownGrid."""
    query = select(Grid).where(Grid.id == id).execution_options(populate_existing=True)
    found = await session.scalar(query.with_for_update() if for_update else query)
    if found is None:
        raise UnknownGrid
    return found


async def page(
    session: AsyncSession, *, owner: UUID | None, retired: bool, after: str | None, limit: int
) -> Sequence[Grid]:
    """By code, from behind `after`."""
    query = select(Grid).where(Grid.retired == retired).order_by(Grid.code).limit(limit)
    if owner is not None:
        query = query.where(Grid.owner == owner)
    if after is not None:
        query = query.where(Grid.code > after)
    return (await session.scalars(query)).all()


async def places(session: AsyncSession, grids: Collection[UUID]) -> Mapping[UUID, tuple[str, ...]]:
    """The places of each grid, sorted."""
    rows = await session.execute(
        select(GridPlace.grid, GridPlace.place).where(among(GridPlace.grid, grids)).order_by(GridPlace.place)
    )
    found: dict[UUID, tuple[str, ...]] = dict.fromkeys(grids, ())
    for row in rows:
        found[row.grid] = (*found[row.grid], row.place)
    return found


async def coverage(session: AsyncSession, *, but: UUID | None = None) -> list[GridCoverage[str]]:
    """What each grid in use covers, by code."""
    query = select(Grid).where(~Grid.retired).order_by(Grid.code)
    grids = (await session.scalars(query if but is None else query.where(Grid.id != but))).all()
    by_grid = await places(session, [each.id for each in grids])
    return [GridCoverage(each.code, each.kind, by_grid[each.id], each.catch_all) for each in grids]


async def by_code(session: AsyncSession, code: str) -> Grid:
    """Raises UnknownGrid."""
    found = await session.scalar(select(Grid).where(Grid.code == code))
    if found is None:
        raise UnknownGrid
    return found


async def catch_all(session: AsyncSession) -> CatchAll | None:
    """The catch-all grid; None before the first grid."""
    row = (await session.execute(select(Grid.id, Grid.kind).where(Grid.catch_all))).one_or_none()
    return None if row is None else CatchAll(row.id, GridKind(row.kind))


async def code_taken(session: AsyncSession, code: str) -> bool:
    return await session.scalar(select(Grid.id).where(Grid.code == code)) is not None


async def codes_owned(session: AsyncSession, worker: UUID) -> list[str]:
    """Codes of the grids in use whose owner the worker is."""
    query = select(Grid.code).where(Grid.owner == worker, ~Grid.retired).order_by(Grid.code)
    return list(await session.scalars(query))


async def owners(session: AsyncSession, grids: Collection[UUID]) -> Mapping[UUID, UUID]:
    """The owner of each of the grids that is in use."""
    rows = await session.execute(select(Grid.id, Grid.owner).where(among(Grid.id, grids), ~Grid.retired))
    return {row.id: row.owner for row in rows}
