"""What the district (区) writes to `district.events`."""

from shared.contracts.base import Count, Day, Event, Owner, ThingId


class HolidayChanged(Event):
    """The State Council's notice, or a correction of it: these days of a year are holidays, those are working days."""

    type = "holiday.changed"
    owner = Owner.DISTRICT
    aggregate = "notice"
    consumers = ("intake", "casework")

    notice: ThingId
    year: Count
    holidays: tuple[Day, ...]
    workdays: tuple[Day, ...]
