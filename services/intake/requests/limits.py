"""When each step of a request has to be done, by the working calendar. Pure; the numbers are a tenant's.

How the lengths of DOMAIN's limits are counted:

- *working hours* (accept, sign, emergency): minutes of working time, nothing else counts;
- *hours* (urgent: 24): round the clock on working days, so that 24 hours are the working time of one whole day and
  a limit never ends at night or on a holiday;
- *working days* and *days* (return, verify, 7 d, 15 d): as the Civil Code (民法典) counts periods: the first day
  does not count (article 201), a last day that is a holiday moves to the next working day, and the limit ends when
  work ends that day (article 203);
- *dispatch* the same day: when work ends on that day, or on the next working day if it has already ended;
- *call back* the day after closure: when work ends on the next working day.

Under supervision (督办) the limit for handling has half its length, counted in the same way.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.calendar import Due, WorkCalendar
from shared.contracts.intake import Urgency

_LENGTH = re.compile(r"(\d{1,4}) (working hour|working day|hour|day)s?")


LEAST_UNDER_SUPERVISION = timedelta(hours=1)
"""Working time that is left at least when a request is marked; our own estimate of what can still be acted upon."""


class LimitKind(StrEnum):
    ACCEPT = "accept"
    DISPATCH = "dispatch"
    SIGN = "sign"
    RETURN = "return"
    HANDLE = "handle"
    VERIFY = "verify"
    CALL_BACK = "call_back"


@dataclass(frozen=True, slots=True)
class Limit:
    """One running limit. `provisional`: it reaches into a year whose official calendar is not published yet."""

    kind: LimitKind
    started: datetime
    due: datetime
    provisional: bool


@dataclass(frozen=True, slots=True)
class Length:
    """`2 working hours`, `24 hours`, `1 working day`, `7 days`."""

    amount: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> "Length":
        """Raises ValueError for anything else."""
        match = _LENGTH.fullmatch(text)
        if match is None or int(match[1]) == 0:
            raise ValueError(f"{text!r} is not a length such as '2 working hours', '24 hours' or '7 days'")
        return cls(int(match[1]), match[2])


@dataclass(frozen=True, slots=True)
class Terms:
    """A tenant's limits and counts, with the defaults of the domain."""

    accept: Length = Length(2, "working hour")
    sign: Length = Length(2, "working hour")
    return_within: Length = Length(1, "working day")
    verify: Length = Length(1, "working day")
    emergency: Length = Length(2, "working hour")
    urgent: Length = Length(24, "hour")
    normal: Length = Length(7, "day")
    long: Length = Length(15, "day")
    reopen_days: int = 15
    returns_until_head: int = 2
    """After this many returns (退单) the head decides."""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Terms":
        """From a tenant's table `intake.limits`. Raises ValueError that names the setting at fault."""
        given: dict[str, Any] = {}
        for name, value in settings.items():
            default = getattr(cls(), name, None)
            if isinstance(default, Length) and isinstance(value, str):
                given[name] = Length.parse(value)
            elif isinstance(default, int) and isinstance(value, int) and value > 0:
                given[name] = value
            else:
                raise ValueError(f"intake.limits: {name} = {value!r} is not a limit")
        return cls(**given)

    def handling(self, urgency: Urgency) -> Length:
        return {
            Urgency.EMERGENCY: self.emergency,
            Urgency.URGENT: self.urgent,
            Urgency.NORMAL: self.normal,
            Urgency.LONG: self.long,
        }[urgency]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a community's limits come to by its calendar."""

    terms: Terms
    calendar: WorkCalendar

    def start(self, kind: LimitKind, at: datetime, urgency: Urgency) -> Limit:
        """The limit that starts to run at a moment."""
        due = self._due(kind, at, urgency)
        return Limit(kind, at, due.at, due.provisional)

    def handling(self, started: datetime, urgency: Urgency, *, supervised: datetime | None) -> Limit:
        """The limit for handling, halved where the request was marked (督办) at `supervised`.

        Half the length from the start, but never less than one working hour from the mark on, so that it can be kept;
        and never later than the whole limit (docs/decisions/supervision.md).
        """
        whole = self.start(LimitKind.HANDLE, started, urgency)
        if supervised is None:
            return whole
        half = _half(self.terms.handling(urgency), started, self.calendar)
        least = self.calendar.add_working(supervised, LEAST_UNDER_SUPERVISION)
        due = max(half, least, key=_end)
        return whole if due.at >= whole.due else replace(whole, due=due.at, provisional=due.provisional)

    def _due(self, kind: LimitKind, at: datetime, urgency: Urgency) -> Due:
        if kind is LimitKind.DISPATCH:
            return _closing(at, self.calendar)
        if kind is LimitKind.CALL_BACK:
            return _working_days(1, at, self.calendar)
        lengths = {
            LimitKind.ACCEPT: self.terms.accept,
            LimitKind.SIGN: self.terms.sign,
            LimitKind.RETURN: self.terms.return_within,
            LimitKind.HANDLE: self.terms.handling(urgency),
            LimitKind.VERIFY: self.terms.verify,
        }
        return _after(lengths[kind], at, self.calendar)


def _end(due: Due) -> datetime:
    return due.at


def _half(length: Length, started: datetime, calendar: WorkCalendar) -> Due:
    """When half of the length is over, in its own kind of time; of an odd number of days the greater half."""
    days = -(-length.amount // 2)
    match length.unit:
        case "working hour":
            return calendar.add_working(started, timedelta(hours=length.amount) / 2)
        case "hour":
            return calendar.add_working(started, calendar.working_days(1) * length.amount / 48)
        case "working day":
            return _working_days(days, started, calendar)
        case _:
            return _end_of(calendar.day_of(started) + timedelta(days=days), calendar)


def _after(length: Length, started: datetime, calendar: WorkCalendar) -> Due:
    match length.unit:
        case "working hour":
            return calendar.add_working(started, timedelta(hours=length.amount))
        case "hour":
            return calendar.add_working(started, calendar.working_days(1) * length.amount / 24)
        case "working day":
            return _working_days(length.amount, started, calendar)
        case _:
            return _end_of(calendar.day_of(started) + timedelta(days=length.amount), calendar)


def _closing(started: datetime, calendar: WorkCalendar) -> Due:
    today = calendar.day_of(started)
    over = started >= calendar.closing(today)
    return _end_of(today + timedelta(days=1) if over else today, calendar)


def _working_days(count: int, started: datetime, calendar: WorkCalendar) -> Due:
    day, doubt = calendar.day_of(started), False
    for _ in range(count):
        day, provisional = calendar.next_working_day(day)
        doubt = doubt or provisional
    return Due(calendar.closing(day), doubt)


def _end_of(day: date, calendar: WorkCalendar) -> Due:
    """When work ends on this day, or on the first working day after it."""
    kind = calendar.is_working_day(day)
    if kind.working:
        return Due(calendar.closing(day), kind.provisional)
    following = calendar.next_working_day(day)
    return Due(calendar.closing(following.day), kind.provisional or following.provisional)
