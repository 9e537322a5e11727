"""When a venue is open, and what a booking has to be like. Plain Python.

That no two bookings overlap is not decided here but by exclusion constraints of the database, which hold under any
concurrency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from shared.calendar import SHANGHAI
from shared.refusals import Conflict, Forbidden, InvalidValue, NotFound

LONGEST = timedelta(hours=14)
"""Of one booking: a day's opening. Our own estimate."""
AHEAD = timedelta(days=60)
"""How far ahead residents may book for their group."""
GROUP_HOURS = timedelta(hours=4)
"""Of one booking of a residents' group."""
GROUP_OPEN = 4
"""Bookings that are still to come, of one resident."""


class Purpose(StrEnum):
    ACTIVITY = "activity"
    GROUP = "group"
    CLOSURE = "closure"


class VenueNotFound(NotFound):
    type = "venue-not-found"
    zh = "没有这个场地。"
    en = "There is no such venue."


class EquipmentNotFound(NotFound):
    type = "equipment-not-found"
    zh = "没有这种设备。"
    en = "There is no such equipment."


class BookingNotFound(NotFound):
    type = "booking-not-found"
    zh = "没有这个预订。"
    en = "There is no such booking."


class VenueTaken(Conflict):
    """Somebody else has it then. Params: starts, ends (ISO 8601), of what was asked for."""

    type = "venue-taken"
    zh = "该场地在 {starts} 至 {ends} 之间已有预订。"
    en = "The venue is booked between {starts} and {ends} already."


class EquipmentTaken(Conflict):
    """Not so many are left. Params: wanted, free."""

    type = "equipment-taken"
    zh = "该时段只剩 {free} 件可用，需要 {wanted} 件。"
    en = "{free} are left at that time, {wanted} are wanted."


class VenueClosed(Conflict):
    """Params: starts, ends (ISO 8601)."""

    type = "venue-closed"
    zh = "该场地在 {starts} 至 {ends} 之间不开放。"
    en = "The venue is not open from {starts} to {ends}."


class VenueTooSmall(Conflict):
    """Params: capacity, wanted."""

    type = "venue-too-small"
    zh = "该场地最多容纳 {capacity} 人，活动名额为 {wanted} 人。"
    en = "The venue holds {capacity} people, and there are places for {wanted}."


class WrongBookingTimes(InvalidValue):
    type = "wrong-booking-times"


class WrongHours(InvalidValue):
    type = "wrong-opening-hours"


class BookingNotYours(Forbidden):
    type = "booking-not-yours"
    zh = "该预订由社区管理，不能由您取消。"
    en = "This booking is not yours to cancel."


class TooManyBookings(Conflict):
    """Params: most."""

    type = "too-many-bookings"
    zh = "您已有 {most} 个未使用的预订，请先使用或取消。"
    en = "You have {most} bookings that are still to come; use or cancel one first."


class BookingOver(Conflict):
    type = "booking-over"
    zh = "该预订已开始或已取消，不能再取消。"
    en = "The booking has begun or was cancelled already."


@dataclass(frozen=True, slots=True)
class Opening:
    """Open on a weekday (1 is Monday) from one time to another, local time; 24:00 is not spelt, 23:59 is."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Slot:
    starts: datetime
    ends: datetime


def checked_hours(hours: Sequence[Opening]) -> Sequence[Opening]:
    """In order. Raises WrongHours where one ends before it begins or two of a day overlap."""
    ordered = sorted(hours, key=lambda opening: (opening.weekday, opening.opens))
    before: Opening | None = None
    for opening in ordered:
        overlapping = (
            before is not None and before.weekday == opening.weekday and before.closes > opening.opens
        )
        if opening.closes <= opening.opens or overlapping:
            raise WrongHours(
                field="hours",
                reason_zh="开放时间须从早到晚，且同一天内不重叠。",
                reason_en="Opening hours go from early to late, and do not overlap on a day.",
            )
        before = opening
    return ordered


def check_slot(slot: Slot, now: datetime) -> None:
    """Raises WrongBookingTimes."""
    wrong = slot.ends <= slot.starts or slot.ends - slot.starts > LONGEST
    if wrong or slot.starts < now:
        raise WrongBookingTimes(
            field="ends" if wrong else "starts",
            reason_zh="预订须在将来，结束晚于开始，且不超过 14 小时。",
            reason_en="A booking is in the future, ends after it starts, and takes at most 14 hours.",
        )


def check_group(slot: Slot, now: datetime, *, coming: int) -> None:
    """What residents may book for their group by themselves. Raises WrongBookingTimes, TooManyBookings."""
    if slot.ends - slot.starts > GROUP_HOURS or slot.starts > now + AHEAD:
        raise WrongBookingTimes(
            field="ends",
            reason_zh="居民团队每次最多预订 4 小时，且不早于 60 天前预订。",
            reason_en="A residents' group books at most 4 hours, at most 60 days ahead.",
        )
    if coming >= GROUP_OPEN:
        raise TooManyBookings(most=GROUP_OPEN)


def check_open(hours: Sequence[Opening], slot: Slot) -> None:
    """Within one opening of one day. A venue without hours is always open (a square). Raises VenueClosed."""
    if not hours:
        return
    starts, ends = slot.starts.astimezone(SHANGHAI), slot.ends.astimezone(SHANGHAI)
    same_day = starts.date() == ends.date()
    inside = any(
        opening.weekday == starts.isoweekday()
        and opening.opens <= starts.time()
        and ends.time() <= opening.closes
        for opening in hours
    )
    if not (same_day and inside):
        raise VenueClosed(starts=slot.starts.isoformat(), ends=slot.ends.isoformat())


def units_free(total: int, taken: Sequence[int], wanted: int) -> Sequence[int]:
    """The lowest numbers of pieces that are free. Raises EquipmentTaken."""
    free = [unit for unit in range(1, total + 1) if unit not in set(taken)]
    if len(free) < wanted:
        raise EquipmentTaken(wanted=wanted, free=len(free))
    return free[:wanted]


def packed(hours: Sequence[Opening]) -> list[dict[str, object]]:
    """As they are stored."""
    return [
        {"weekday": it.weekday, "opens": f"{it.opens:%H:%M}", "closes": f"{it.closes:%H:%M}"} for it in hours
    ]


def unpacked(stored: Sequence[Mapping[str, object]]) -> Sequence[Opening]:
    return [
        Opening(
            int(str(it["weekday"])),
            time.fromisoformat(str(it["opens"])),
            time.fromisoformat(str(it["closes"])),
        )
        for it in stored
    ]
