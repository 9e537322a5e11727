"""Venues and equipment: what there is."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.venues import actions, queries
from services.intake.venues.routes.schemas import (
    EquipmentBody,
    EquipmentRecord,
    VenueBody,
    VenueChange,
    VenueChanged,
    VenueId,
    VenueRecord,
)
from services.intake.venues.rules import VenueNotFound, WrongHours
from services.intake.wire import UnknownCode, known_code
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, refuses

router = APIRouter()


@router.post("/v1/venues", status_code=201, responses=refuses(WrongHours, UnknownCode))
async def open_venue(body: VenueBody, call: Annotated[Call, permit("venues:manage")]) -> VenueId:
    """A place that can be booked from now on."""
    known_code("venue_kind", body.kind, field="kind")

    async def open_(session: AsyncSession) -> VenueId:
        return VenueId(id=await actions.open_venue(session, body.particulars()))

    return await call.once(open_)


@router.get("/v1/venues")
async def list_venues(
    call: Annotated[Call, permit("venues:read")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[VenueRecord]:
    """Venues that can be booked, the oldest first."""
    after = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        rows = await queries.venues(session, after=after, limit=limit + 1)
    return page(
        rows, limit, item=lambda row: VenueRecord.of(row, call.language), position=lambda row: (row.id,)
    )


@router.get("/v1/venues/{id}", responses=refuses(VenueNotFound))
async def read_venue(id: UUID, call: Annotated[Call, permit("venues:read")]) -> VenueRecord:
    async with call.transaction() as session:
        row = await queries.venue(session, id)
    call.etag(row.version)
    return VenueRecord.of(row, call.language)


@router.put("/v1/venues/{id}", responses=refuses(VenueNotFound, WrongHours, UnknownCode))
async def change_venue(
    id: UUID, body: VenueChange, call: Annotated[Call, permit("venues:manage")]
) -> VenueChanged:
    """Change what a venue is, or retire it. Bookings that stand are left as they are."""
    known_code("venue_kind", body.kind, field="kind")
    async with call.transaction() as session:
        row = await queries.venue(session, id, for_update=True)
        call.require_match(row.version)
        version = await actions.change_venue(session, row, body.particulars(), retired=body.retired)
    call.etag(version)
    return VenueChanged(id=id, version=version)


@router.post("/v1/equipment", status_code=201)
async def buy_equipment(
    body: EquipmentBody, call: Annotated[Call, permit("venues:manage")]
) -> EquipmentRecord:
    """So many pieces of a thing: chairs, microphones, a projector."""

    async def buy(session: AsyncSession) -> EquipmentRecord:
        id = await actions.buy_equipment(session, body.name, body.units)
        return EquipmentRecord(id=id, name=body.name, units=body.units)

    return await call.once(buy)


@router.get("/v1/equipment")
async def list_equipment(
    call: Annotated[Call, permit("venues:read")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[EquipmentRecord]:
    """What there is, the oldest first."""
    after = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        rows = await queries.all_equipment(session, after=after, limit=limit + 1)
    return page(
        rows,
        limit,
        item=lambda row: EquipmentRecord(id=row.id, name=row.name, units=row.units),
        position=lambda row: (row.id,),
    )
