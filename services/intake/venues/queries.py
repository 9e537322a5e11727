"""Every read of venues, equipment and bookings."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.venues.rules import BookingNotFound, EquipmentNotFound, Slot, VenueNotFound
from services.intake.venues.tables import Equipment, EquipmentBooking, Venue, VenueBooking
from shared.database import UtcTime


def during(slot: Slot) -> Range[datetime]:
    """From its start to just before its end, so that one may follow upon another."""
    return Range(slot.starts, slot.ends, bounds="[)")


def slot_of(booked: Range[datetime]) -> Slot:
    if booked.lower is None or booked.upper is None:
        raise ValueError("a booking without an end")
    return Slot(booked.lower, booked.upper)


async def venue(session: AsyncSession, id: UUID, *, for_update: bool = False) -> Venue:
    """Raises VenueNotFound. Locked, bookings of it are made one after the other."""
    statement = select(Venue).where(Venue.id == id)
    found = await session.scalar(statement.with_for_update(key_share=True) if for_update else statement)
    if found is None:
        raise VenueNotFound
    return found


async def equipment(session: AsyncSession, id: UUID, *, for_update: bool = False) -> Equipment:
    """Raises EquipmentNotFound."""
    statement = select(Equipment).where(Equipment.id == id)
    found = await session.scalar(statement.with_for_update(key_share=True) if for_update else statement)
    if found is None:
        raise EquipmentNotFound
    return found


async def venues(session: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[Venue]:
    statement = select(Venue).where(Venue.retired.is_(False))
    if after is not None:
        statement = statement.where(Venue.id > after)
    return (await session.scalars(statement.order_by(Venue.id).limit(limit))).all()


async def all_equipment(session: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[Equipment]:
    statement = select(Equipment)
    if after is not None:
        statement = statement.where(Equipment.id > after)
    return (await session.scalars(statement.order_by(Equipment.id).limit(limit))).all()


async def bookings(
    session: AsyncSession, venue: UUID, slot: Slot, *, after: UUID | None, limit: int
) -> Sequence[VenueBooking]:
    """Those that stand and touch the time, in the order in which they were made."""
    statement = select(VenueBooking).where(
        VenueBooking.venue == venue,
        VenueBooking.state == "booked",
        VenueBooking.during.overlaps(during(slot)),
    )
    if after is not None:
        statement = statement.where(VenueBooking.id > after)
    return (await session.scalars(statement.order_by(VenueBooking.id).limit(limit))).all()


async def booking(session: AsyncSession, id: UUID) -> VenueBooking:
    """Locked, for a change. Raises BookingNotFound."""
    found = await session.scalar(select(VenueBooking).where(VenueBooking.id == id).with_for_update())
    if found is None:
        raise BookingNotFound
    return found


async def is_taken(session: AsyncSession, venue: UUID, slot: Slot) -> bool:
    """Whether a booking stands in the way. The constraint decides; this only answers before an error does."""
    statement = select(VenueBooking.id).where(
        VenueBooking.venue == venue,
        VenueBooking.state == "booked",
        VenueBooking.during.overlaps(during(slot)),
    )
    return await session.scalar(statement.limit(1)) is not None


async def units_taken(session: AsyncSession, equipment: UUID, slot: Slot) -> Sequence[int]:
    statement = select(EquipmentBooking.unit).where(
        EquipmentBooking.equipment == equipment,
        EquipmentBooking.state == "booked",
        EquipmentBooking.during.overlaps(during(slot)),
    )
    return (await session.scalars(statement.distinct())).all()


async def coming_of(session: AsyncSession, resident: UUID, now: datetime) -> int:
    """Bookings of the resident that are still to come."""
    statement = select(func.count()).where(
        VenueBooking.resident == resident,
        VenueBooking.state == "booked",
        func.lower(VenueBooking.during, type_=UtcTime) > now,
    )
    return int(await session.scalar(statement) or 0)


async def equipment_of_activity(session: AsyncSession, activity: UUID) -> Sequence[tuple[UUID, int]]:
    """Each kind of equipment with the number of pieces that the activity has."""
    statement = (
        select(EquipmentBooking.equipment, func.count())
        .where(EquipmentBooking.activity == activity, EquipmentBooking.state == "booked")
        .group_by(EquipmentBooking.equipment)
        .order_by(EquipmentBooking.equipment)
    )
    return [(equipment, number) for equipment, number in (await session.execute(statement)).all()]


async def of_resident(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[VenueBooking]:
    statement = select(VenueBooking).where(VenueBooking.resident.in_(residents))
    return (await session.scalars(statement.order_by(VenueBooking.id))).all()
