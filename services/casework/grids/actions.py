"""Dividing the community into grids. Every change publishes the grid whole, so that whoever listens can rebuild it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.grids import queries
from services.casework.grids.rules import (
    CatchAllStays,
    GridCodeTaken,
    GridRetired,
    OwnerNotActive,
    grid_place_key,
    takes_catch_all,
)
from services.casework.grids.tables import Grid, GridPlace
from services.casework.workers.loads import lock
from services.casework.workers.queries import worker
from shared.addressing import GridCoverage, check, place_name
from shared.contracts.casework import GridChanged, GridKind
from shared.database import new_id
from shared.messaging.outbox import record


@dataclass(frozen=True, slots=True)
class Division:
    """What the head says of a grid."""

    name: str
    owner: UUID
    places: tuple[str, ...]
    catch_all: bool = False


async def define(
    session: AsyncSession, code: str, kind: GridKind, division: Division, *, now: datetime
) -> Grid:
    """A new grid with its owner. Raises GridCodeTaken, PlaceCoveredTwice, OwnerNotActive, UnknownWorker."""
    # The same lock as a worker's deactivation: neither may overlook the other.
    await lock(session)
    if await queries.code_taken(session, code):
        raise GridCodeTaken(field="code")
    await _check_owner(session, division.owner)
    current = await queries.catch_all(session)
    takes = takes_catch_all(kind, asked=division.catch_all, current=current)
    if takes and current is not None:
        await _give_up_catch_all(session, current.grid, now)
    grid = Grid(
        id=new_id(),
        code=code,
        kind=kind.value,
        name=division.name,
        owner=division.owner,
        catch_all=takes,
        retired=False,
        version=1,
        changed_at=now,
    )
    session.add(grid)
    await session.flush()
    await _cover(session, grid, division.places)
    await _tell(session, grid)
    return grid


async def redefine(session: AsyncSession, grid: Grid, division: Division, *, now: datetime) -> Grid:
    """Everything that the head says of the grid, anew. The caller has locked loads and grid.

    Raises CatchAllStays for a catch-all that shall be one no more: make another grid the catch-all instead.
    """
    if grid.retired:
        raise GridRetired
    if division.owner != grid.owner:
        await _check_owner(session, division.owner)
    if grid.catch_all and not division.catch_all:
        raise CatchAllStays(field="catch_all")
    if division.catch_all and not grid.catch_all:
        current = await queries.catch_all(session)
        if current is not None:
            await _give_up_catch_all(session, current.grid, now)
    grid.name, grid.owner, grid.catch_all = division.name, division.owner, division.catch_all
    grid.version += 1
    grid.changed_at = now
    await session.flush()
    await _cover(session, grid, division.places)
    await _tell(session, grid)
    return grid


async def retire(session: AsyncSession, grid: Grid, *, now: datetime) -> Grid:
    """Take the grid out of use; its places fall to the other grids, in the end to the catch-all."""
    if grid.retired:
        raise GridRetired
    if grid.catch_all:
        raise CatchAllStays
    grid.retired = True
    grid.version += 1
    grid.changed_at = now
    await session.flush()
    await _cover(session, grid, ())
    await _tell(session, grid)
    return grid


async def _check_owner(session: AsyncSession, owner: UUID) -> None:
    if not (await worker(session, owner)).active:
        raise OwnerNotActive(field="owner")


async def _give_up_catch_all(session: AsyncSession, id: UUID, now: datetime) -> None:
    await session.execute(
        update(Grid)
        .where(Grid.id == id)
        .values(catch_all=False, version=Grid.version + 1, changed_at=now)
        .execution_options(synchronize_session=False)
    )
    await _tell(session, await queries.grid(session, id))


async def _cover(session: AsyncSession, grid: Grid, places: Sequence[str]) -> None:
    """Replace the grid's places. Raises UnreadablePlace, and PlaceCoveredTwice that names both grids."""
    named = {grid_place_key(place): place for place in map(place_name, places)}
    others = await queries.coverage(session, but=grid.id)
    check([*others, GridCoverage(grid.code, grid.kind, tuple(named.values()))], total=False)
    await session.execute(delete(GridPlace).where(GridPlace.grid == grid.id))
    if named:
        rows = [{"id": new_id(), "grid": grid.id, "place": place, "key": key} for key, place in named.items()]
        await session.execute(insert(GridPlace), rows)


async def _tell(session: AsyncSession, grid: Grid) -> None:
    places = (await queries.places(session, [grid.id]))[grid.id]
    await record(
        session,
        GridChanged(
            grid=grid.id,
            kind=GridKind(grid.kind),
            code=grid.code,
            grid_owner=grid.owner,
            places=places,
            catch_all=grid.catch_all,
            retired=grid.retired,
        ),
    )
