"""Keeping the read model of grids."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.places.tables import GridPlace
from shared.contracts.casework import GridChanged


async def keep(session: AsyncSession, grid: GridChanged, *, changed: datetime) -> None:
    """The grid as the event has it, in the place of what was known; a retired one goes."""
    if grid.retired:
        await session.execute(delete(GridPlace).where(GridPlace.grid == grid.grid))
        return
    values = {
        "kind": grid.kind.value,
        "code": grid.code,
        "places": list(grid.places),
        "catch_all": grid.catch_all,
        "changed": changed,
    }
    statement = insert(GridPlace).values(grid=grid.grid, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["grid"], set_=values))
