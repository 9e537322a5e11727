"""Bookings of venues: by a residents' group, and closures."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import own_resident
from services.intake.residents import queries as residents
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.rules import ResidentErased
from services.intake.venues import actions, queries
from services.intake.venues.routes.schemas import BookingBody, BookingCancelled, BookingId, BookingLine
from services.intake.venues.rules import (
    BookingNotFound,
    BookingNotYours,
    BookingOver,
    EquipmentNotFound,
    EquipmentTaken,
    Purpose,
    Slot,
    TooManyBookings,
    VenueClosed,
    VenueNotFound,
    VenueTaken,
    WrongBookingTimes,
    check_group,
    check_slot,
)
from shared.refusals import InvalidValue
from shared.security import permit
from shared.web import Call, Cursor, Moment, Page, cursor_query, limit_query, page, refuses

router = APIRouter()
_SHOWN = timedelta(days=31)


class WhoAnswers(InvalidValue):
    type = "who-answers"


@router.post(
    "/v1/bookings",
    status_code=201,
    responses=refuses(
        VenueNotFound,
        VenueClosed,
        VenueTaken,
        EquipmentNotFound,
        EquipmentTaken,
        ResidentNotFound,
        ResidentErased,
        WhoAnswers,
        BookingNotYours,
        WrongBookingTimes,
        TooManyBookings,
    ),
)
async def book_venue(body: BookingBody, call: Annotated[Call, permit("venues:book")]) -> BookingId:
    """Book a venue for a residents' group, or close it. Nobody else can have it then, however many try at once."""
    own, slot, purpose = own_resident(call.principal), body.slot(), Purpose(body.purpose)
    resident = body.resident or own
    if own is not None and (purpose is Purpose.CLOSURE or resident != own):
        raise BookingNotYours
    if (resident is None) == (purpose is Purpose.GROUP):
        raise WhoAnswers(
            field="resident",
            reason_zh="居民团队的预订须有一位负责的居民，关闭维护则没有。",
            reason_en="A residents' group has a resident who answers for it; a closure has none.",
        )
    check_slot(slot, call.now)

    async def book(session: AsyncSession) -> BookingId:
        if resident is not None:
            await residents.one(session, resident, for_update=own is not None)
        if own is not None:
            check_group(slot, call.now, coming=await queries.coming_of(session, own, call.now))
        id = await actions.book(session, body.venue, slot, purpose, now=call.now, resident=resident)
        for wanted in sorted(body.equipment, key=lambda it: it.equipment):
            await actions.take_equipment(session, wanted.equipment, wanted.pieces, slot, booking=id)
        return BookingId(id=id)

    return await call.once(book)


@router.get("/v1/venues/{id}/bookings", responses=refuses(VenueNotFound, WrongBookingTimes))
async def list_bookings(
    id: UUID,
    call: Annotated[Call, permit("venues:read")],
    *,
    from_: Annotated[Moment | None, Query(alias="from")] = None,
    until: Moment | None = None,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[BookingLine]:
    """When the venue is taken: from now on for a month, unless said otherwise."""
    starts = from_ or call.now
    slot, own = Slot(starts, until or starts + _SHOWN), own_resident(call.principal)
    if slot.ends <= slot.starts:
        raise WrongBookingTimes(
            field="until", reason_zh="结束须晚于开始。", reason_en="It has to end after it starts."
        )
    after = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        await queries.venue(session, id)
        rows = await queries.bookings(session, id, slot, after=after, limit=limit + 1)
    return page(
        rows,
        limit,
        item=lambda row: BookingLine.of(row, own, call.language),
        position=lambda row: (row.id,),
    )


@router.delete("/v1/bookings/{id}", responses=refuses(BookingNotFound, BookingNotYours, BookingOver))
async def cancel_booking(id: UUID, call: Annotated[Call, permit("venues:book")]) -> BookingCancelled:
    """Give a booking back before it begins. An activity's goes with the activity."""
    own = own_resident(call.principal)
    async with call.transaction() as session:
        row = await queries.booking(session, id)
        if own is not None and row.resident != own:
            raise BookingNotFound
        if row.activity is not None:
            raise BookingNotYours
        if row.state != "booked" or queries.slot_of(row.during).starts <= call.now:
            raise BookingOver
        await actions.cancel(session, id, now=call.now)
    return BookingCancelled(id=id)
