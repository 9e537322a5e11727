"""Grids over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.grids import actions, queries
from services.casework.grids.actions import Division
from services.casework.grids.rules import (
    CatchAllStays,
    GridCodeTaken,
    GridRetired,
    NoGridYet,
    OwnerNotActive,
    UnknownGrid,
)
from services.casework.grids.tables import Grid
from services.casework.workers.loads import lock
from services.casework.workers.rules import UnknownWorker
from shared.addressing import PlaceCoveredTwice, UnreadablePlace, resolve
from shared.contracts.casework import GridKind
from shared.security import permit
from shared.web import Call, Cursor, Model, Page, Text, cursor_query, limit_query, page, refuses

router = APIRouter(tags=["grids"])
_DIVISION = (UnknownWorker, OwnerNotActive, PlaceCoveredTwice, UnreadablePlace)


class GridBody(Model):
    """The whole of a grid, but for its code and kind, which never change."""

    name: Annotated[str, Text(64)]
    owner: UUID
    """The one active worker who answers for it."""
    places: list[Annotated[str, Text(40)]] = Field(default=[], max_length=500)
    """As on the door plate: 龙溪花园3栋, 龙溪路1至99号, 龙溪小学."""
    catch_all: bool = False
    """Take every address that no other grid covers; the grid that did so until now stops."""

    def division(self) -> Division:
        return Division(self.name, self.owner, tuple(self.places), self.catch_all)


class NewGrid(GridBody):
    code: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,47}$")]
    kind: GridKind


class GridChanged(Model):
    id: UUID
    version: int
    catch_all: bool


class GridView(Model):
    id: UUID
    code: str
    name: str
    kind: GridKind
    owner: UUID
    places: list[str]
    catch_all: bool
    retired: bool
    version: int


class Address(Model):
    """In the body, since an address is personal data and an URL is written to logs."""

    address: Annotated[str, Text(200)]


class Resolved(Model):
    grid: UUID
    code: str
    kind: GridKind
    owner: UUID
    place: str | None
    """The place that decided; none for the catch-all."""


@router.post("/v1/grids", status_code=201, responses=refuses(*_DIVISION, GridCodeTaken))
async def define_grid(body: NewGrid, call: Annotated[Call, permit("grids:write")]) -> GridChanged:
    """Define a grid. The first one is the catch-all, until the first area grid or the head's word."""

    async def define(session: AsyncSession) -> GridChanged:
        return _changed(await actions.define(session, body.code, body.kind, body.division(), now=call.now))

    return await call.once(define)


@router.put("/v1/grids/{id}", responses=refuses(*_DIVISION, UnknownGrid, GridRetired, CatchAllStays))
async def redefine_grid(
    id: UUID, body: GridBody, call: Annotated[Call, permit("grids:write")]
) -> GridChanged:
    """Replace name, owner and places of a grid (with If-Match)."""
    async with call.transaction() as session:
        await lock(session)
        grid = await queries.grid(session, id, for_update=True)
        call.require_match(grid.version)
        return _changed(await actions.redefine(session, grid, body.division(), now=call.now))


@router.post("/v1/grids/{id}/retire", responses=refuses(UnknownGrid, GridRetired, CatchAllStays))
async def retire_grid(id: UUID, call: Annotated[Call, permit("grids:write")]) -> GridChanged:
    """Take a grid out of use. Its addresses fall to the others, in the end to the catch-all."""

    async def retire(session: AsyncSession) -> GridChanged:
        await lock(session)
        grid = await queries.grid(session, id, for_update=True)
        return _changed(await actions.retire(session, grid, now=call.now))

    return await call.once(retire)


@router.get("/v1/grids")
async def list_grids(
    *,
    call: Annotated[Call, permit("grids:read")],
    owner: UUID | None = None,
    retired: bool = False,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[GridView]:
    """By code."""
    after = cursor.take(str)[0] if cursor else None
    async with call.transaction() as session:
        rows = await queries.page(session, owner=owner, retired=retired, after=after, limit=limit + 1)
        places = await queries.places(session, [row.id for row in rows])
    return page(rows, limit, item=lambda row: _view(row, places[row.id]), position=lambda row: (row.code,))


@router.get("/v1/grids/{id}", responses=refuses(UnknownGrid))
async def see_grid(id: UUID, call: Annotated[Call, permit("grids:read")]) -> GridView:
    """One grid with its places."""
    async with call.transaction() as session:
        grid = await queries.grid(session, id)
        places = await queries.places(session, [id])
    call.etag(grid.version)
    return _view(grid, places[id])


@router.post("/v1/grids/resolve", responses=refuses(NoGridYet))
async def resolve_address(body: Address, call: Annotated[Call, permit("grids:read")]) -> Resolved:
    """The grid of an address, and who answers for it. Nothing is stored or logged of the address."""
    async with call.transaction() as session:
        match = resolve(body.address, await queries.coverage(session))
        if match is None:
            raise NoGridYet
        grid = await queries.by_code(session, match.grid)
    return Resolved(
        grid=grid.id, code=grid.code, kind=GridKind(grid.kind), owner=grid.owner, place=match.place
    )


def _changed(grid: Grid) -> GridChanged:
    return GridChanged(id=grid.id, version=grid.version, catch_all=grid.catch_all)


def _view(grid: Grid, places: tuple[str, ...]) -> GridView:
    return GridView(
        id=grid.id,
        code=grid.code,
        name=grid.name,
        kind=GridKind(grid.kind),
        owner=grid.owner,
        places=list(places),
        catch_all=grid.catch_all,
        retired=grid.retired,
        version=grid.version,
    )
