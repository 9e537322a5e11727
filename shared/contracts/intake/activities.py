"""The life of an activity (活动) and of each person's place in it.

A person is `resident`; whom a message goes to is `contact`: the same person, or the guardian who signed a minor up.
An activity is known to people by its kind, its number and its time; its title is text and stays in intake.
"""

from shared.contracts.base import Code, Count, Event, Flag, Minutes, Moment, Owner, PersonalId, ThingId


class _ActivityEvent(Event):
    owner = Owner.INTAKE
    aggregate = "activity"

    activity: ThingId
    kind: Code
    """Code of `activity_kind`."""
    number: Count
    """The number by which people speak of it."""


class ActivityOpened(_ActivityEvent):
    """Sign-up for an activity begins."""

    type = "activity.opened"

    starts: Moment
    ends: Moment
    quota: Count
    """Places for participants; 0 has none."""
    volunteers: Count
    """Places for volunteers, of all duties."""
    sign_up_from: Moment
    sign_up_until: Moment
    venue: ThingId | None = None
    series: ThingId | None = None
    """The series that it is one of."""


class _PlaceEvent(_ActivityEvent):
    resident: PersonalId
    contact: PersonalId
    """Whom to tell: the resident, or the guardian who signed them up."""
    role: Code
    """Code of `activity_role`: `participant` or `volunteer`."""
    starts: Moment


class ActivityJoined(_PlaceEvent):
    """Somebody signed up and has a place."""

    type = "activity.joined"
    consumers = ("notifications",)


class ActivityWaitlisted(_PlaceEvent):
    """Somebody signed up when all places were taken, and waits in line."""

    type = "activity.waitlisted"
    consumers = ("notifications",)

    position: Count
    """Place in the line at that moment, from 1."""


class ActivityPromoted(_PlaceEvent):
    """A place became free, and the first in line has it."""

    type = "activity.promoted"
    consumers = ("notifications",)

    decline_until: Moment
    """Until then it can be given back without being counted as late."""


class ActivityLeft(_PlaceEvent):
    """Somebody gave up a place or a position in the line, or lost it for a reason of the list."""

    type = "activity.left"

    reason: Code
    """Code of `leave_reason`."""
    had_place: Flag
    late: Flag
    """Given back after the limit."""


class ActivityRescheduled(_ActivityEvent):
    """Time or venue changed. All who have a place or wait are told, and may leave without being counted as late."""

    type = "activity.rescheduled"
    consumers = ("notifications",)

    starts: Moment
    ends: Moment
    starts_before: Moment
    venue: ThingId | None = None
    leave_until: Moment
    """Until then everybody may leave without being counted as late."""
    contacts: tuple[PersonalId, ...] = ()
    """Whom to tell, each once."""


class ActivityCancelled(_ActivityEvent):
    """It does not take place. All who had a place or waited are told."""

    type = "activity.cancelled"
    consumers = ("notifications",)

    reason: Code
    """Code of `activity_cancel_reason`."""
    starts: Moment | None = None
    """When it would have been; none for a proposal that was not taken up."""
    contacts: tuple[PersonalId, ...] = ()


class ActivityReminded(_ActivityEvent):
    """It is tomorrow: those who have a place are reminded, once."""

    type = "activity.reminded"
    consumers = ("notifications",)

    starts: Moment
    contacts: tuple[PersonalId, ...] = ()


class ActivityHeld(_ActivityEvent):
    """It took place, and who came is settled."""

    type = "activity.held"

    starts: Moment
    attended: Count
    absent: Count
    """Those who had a place and did not come."""
    unplaced: Count
    """Those who were still waiting."""
    volunteers: Count
    """How many of those who came were volunteers."""
    minutes: Minutes
    """Of all who came together."""


class ActivityAttended(_ActivityEvent):
    """One person was there, for so long. Published when the activity is closed as held."""

    type = "activity.attended"

    resident: PersonalId
    role: Code
    """Code of `activity_role`: `participant` or `volunteer`."""
    minutes: Minutes
    """From check-in to check-out, within the time that counts; not cut to the hours that points are given for."""
    at: Moment
    """When the activity began."""


__all__ = [
    "ActivityAttended",
    "ActivityCancelled",
    "ActivityHeld",
    "ActivityJoined",
    "ActivityLeft",
    "ActivityOpened",
    "ActivityPromoted",
    "ActivityReminded",
    "ActivityRescheduled",
    "ActivityWaitlisted",
]
