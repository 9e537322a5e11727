"""What travels about venues."""

import datetime as dt
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.intake.venues.actions import Particulars
from services.intake.venues.rules import Opening, Slot
from services.intake.venues.tables import Venue, VenueBooking
from services.intake.wire import Code
from shared.contracts.vocabulary import name
from shared.refusals import Language
from shared.web import Model, Moment, Text

Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["08:30"])]
"""A time of day in Shanghai."""


class Hours(Model):
    weekday: Annotated[int, Field(ge=1, le=7)]
    """1 is Monday."""
    opens: Clock
    closes: Clock

    def opening(self) -> Opening:
        return Opening(self.weekday, dt.time.fromisoformat(self.opens), dt.time.fromisoformat(self.closes))


class VenueBody(Model):
    name: Annotated[str, Text(60)]
    kind: Code
    """Of the vocabulary `venue_kind`."""
    capacity: Annotated[int, Field(ge=1, le=100_000)] | None = None
    place: Annotated[str, Text(100)] | None = None
    hours: list[Hours] = Field(default=[], max_length=28)
    """Opening hours by weekday; empty: always."""

    def particulars(self) -> Particulars:
        return Particulars(
            self.name, self.kind, self.capacity, self.place, [hours.opening() for hours in self.hours]
        )


class VenueChange(VenueBody):
    retired: bool = False
    """Not to be booked any more."""


class VenueId(Model):
    id: UUID


class VenueChanged(Model):
    id: UUID
    version: int


class VenueRecord(Model):
    id: UUID
    name: str
    kind: str
    kind_name: str
    capacity: int | None
    place: str | None
    hours: list[Hours]
    retired: bool
    version: int

    @classmethod
    def of(cls, row: Venue, language: Language) -> "VenueRecord":
        return cls(
            id=row.id,
            name=row.name,
            kind=row.kind,
            kind_name=name("venue_kind", row.kind, language),
            capacity=row.capacity,
            place=row.place,
            hours=[Hours(**it) for it in row.hours],
            retired=row.retired,
            version=row.version,
        )


class EquipmentBody(Model):
    name: Annotated[str, Text(60)]
    units: Annotated[int, Field(ge=1, le=5000)]
    """How many pieces there are."""


class EquipmentRecord(EquipmentBody):
    id: UUID


class Pieces(Model):
    equipment: UUID
    pieces: Annotated[int, Field(ge=1, le=500)]


class BookingBody(Model):
    """For a residents' group, or closed for maintenance. Activities book with their plan."""

    venue: UUID
    starts: Moment
    ends: Moment
    purpose: Literal["group", "closure"] = "group"
    resident: UUID | None = None
    """Who answers for the group: oneself, where absent."""
    equipment: list[Pieces] = Field(default=[], max_length=20)

    def slot(self) -> Slot:
        return Slot(self.starts, self.ends)


class BookingId(Model):
    id: UUID


class BookingLine(Model):
    """When a venue is taken, and what for. Who booked is shown to workers, and to the resident."""

    id: UUID
    starts: datetime
    ends: datetime
    purpose: str
    purpose_name: str
    activity: UUID | None
    resident: UUID | None

    @classmethod
    def of(cls, row: VenueBooking, own: UUID | None, language: Language) -> "BookingLine":
        lower, upper = row.during.lower, row.during.upper
        if lower is None or upper is None:
            raise ValueError("a booking without an end")
        return cls(
            id=row.id,
            starts=lower,
            ends=upper,
            purpose=row.purpose,
            purpose_name=name("booking_purpose", row.purpose, language),
            activity=row.activity,
            resident=row.resident if own in {None, row.resident} else None,
        )


class BookingCancelled(Model):
    id: UUID
