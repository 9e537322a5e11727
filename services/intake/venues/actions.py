"""Use cases of venues. A booking locks its venue, so that two at once wait for each other; the constraint decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.venues import queries
from services.intake.venues.rules import (
    EquipmentTaken,
    Opening,
    Purpose,
    Slot,
    VenueNotFound,
    VenueTaken,
    VenueTooSmall,
    check_open,
    checked_hours,
    packed,
    units_free,
    unpacked,
)
from services.intake.venues.tables import Equipment, EquipmentBooking, Venue, VenueBooking
from shared.database import new_id


@dataclass(frozen=True, slots=True)
class Particulars:
    """What a venue is."""

    name: str
    kind: str
    capacity: int | None
    place: str | None
    hours: Sequence[Opening]


async def open_venue(session: AsyncSession, what: Particulars) -> UUID:
    """Raises WrongHours."""
    id = new_id()
    await session.execute(insert(Venue).values(id=id, retired=False, version=1, **_columns(what)))
    return id


async def change_venue(session: AsyncSession, row: Venue, what: Particulars, *, retired: bool) -> int:
    """The new version. Bookings that stand are left: whoever changes the hours sees to them. Raises WrongHours."""
    version = row.version + 1
    await session.execute(
        update(Venue)
        .where(Venue.id == row.id)
        .values(version=version, retired=retired, **_columns(what))
        .execution_options(synchronize_session=False)
    )
    return version


async def buy_equipment(session: AsyncSession, name: str, units: int) -> UUID:
    id = new_id()
    await session.execute(insert(Equipment).values(id=id, name=name, units=units, version=1))
    return id


async def book(
    session: AsyncSession,
    venue: UUID,
    slot: Slot,
    purpose: Purpose,
    *,
    now: datetime,
    activity: UUID | None = None,
    resident: UUID | None = None,
    people: int | None = None,
) -> UUID:
    """The booking's id. Raises VenueNotFound, VenueClosed, VenueTooSmall, VenueTaken."""
    row = await queries.venue(session, venue, for_update=True)
    if row.retired:
        raise VenueNotFound
    if purpose is not Purpose.CLOSURE:
        check_open(unpacked(row.hours), slot)
    if people is not None and row.capacity is not None and people > row.capacity:
        raise VenueTooSmall(capacity=row.capacity, wanted=people)
    taken = VenueTaken(starts=slot.starts.isoformat(), ends=slot.ends.isoformat())
    if await queries.is_taken(session, venue, slot):
        raise taken
    id = new_id()
    statement = insert(VenueBooking).values(
        id=id,
        venue=venue,
        during=queries.during(slot),
        purpose=purpose.value,
        activity=activity,
        resident=resident,
        state="booked",
        booked=now,
    )
    await _unless(session, statement, taken)
    return id


async def take_equipment(
    session: AsyncSession,
    equipment: UUID,
    wanted: int,
    slot: Slot,
    *,
    activity: UUID | None = None,
    booking: UUID | None = None,
) -> Sequence[int]:
    """The numbers of the pieces. Raises EquipmentNotFound, EquipmentTaken."""
    row = await queries.equipment(session, equipment, for_update=True)
    units = units_free(row.units, await queries.units_taken(session, equipment, slot), wanted)
    values = [
        {
            "id": new_id(),
            "equipment": equipment,
            "unit": unit,
            "during": queries.during(slot),
            "activity": activity,
            "booking": booking,
            "state": "booked",
        }
        for unit in units
    ]
    if values:
        await _unless(session, insert(EquipmentBooking).values(values), EquipmentTaken(wanted=wanted, free=0))
    return units


async def release(session: AsyncSession, activity: UUID, *, now: datetime) -> None:
    """The activity needs its venue and its equipment no more."""
    await _cancel(session, VenueBooking.activity == activity, EquipmentBooking.activity == activity, now)


async def cancel(session: AsyncSession, booking: UUID, *, now: datetime) -> None:
    await _cancel(session, VenueBooking.id == booking, EquipmentBooking.booking == booking, now)


async def forget(session: AsyncSession, residents: Sequence[UUID], *, now: datetime) -> int:
    """Cancel what an erased resident has booked and is still to come; how many."""
    rows = await queries.of_resident(session, residents)
    coming = [row for row in rows if row.state == "booked" and queries.slot_of(row.during).starts > now]
    for row in coming:
        await cancel(session, row.id, now=now)
    return len(coming)


async def _cancel(session: AsyncSession, venues: object, equipment: object, now: datetime) -> None:
    for table, which, more in (
        (VenueBooking, venues, {"cancelled": now}),
        (EquipmentBooking, equipment, {}),
    ):
        await session.execute(
            update(table)
            .where(which, table.state == "booked")  # type: ignore[arg-type]  # conditions of two tables
            .values(state="cancelled", **more)
            .execution_options(synchronize_session=False)
        )


async def _unless(session: AsyncSession, statement: object, taken: Exception) -> None:
    try:
        await session.execute(statement)  # type: ignore[call-overload]  # one of the two inserts above
    except IntegrityError as error:
        if error.orig is not None and isinstance(error.orig.__cause__, asyncpg.ExclusionViolationError):
            raise taken from None
        raise


def _columns(what: Particulars) -> dict[str, object]:
    return {
        "name": what.name,
        "kind": what.kind,
        "capacity": what.capacity,
        "place": what.place,
        "hours": packed(checked_hours(what.hours)),
    }
