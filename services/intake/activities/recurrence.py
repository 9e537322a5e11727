"""Repeating activities: on which days a series falls. Plain Python; the calendar is passed in.

RFC 5545 (iCalendar) gives the cases: every n weeks on a weekday, every n months on a day of the month or on the nth
weekday. A month without the day is passed over, as there (section 3.3.10): nobody expects the 31st on the 30th.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from shared.refusals import InvalidValue

MOST = 60
"""Occurrences of one series: a year of weeks and some. Our own estimate of what anybody plans ahead."""
_MONTHS = 12
_WEEK = 7
LAST = 5
"""As the number of a weekday in the month: the last one."""


class Every(StrEnum):
    WEEK = "week"
    MONTH_DAY = "month_day"
    """The day of the month of the first one."""
    MONTH_WEEKDAY = "month_weekday"
    """The same weekday of the month as the first one: the second Saturday; the fifth stands for the last."""


class Skipped(StrEnum):
    EXCEPTION = "exception"
    HOLIDAY = "holiday"
    SWAPPED = "swapped_workday"
    """A Saturday or Sunday that is worked (调休)."""


class NoOccurrence(InvalidValue):
    type = "no-occurrence"


class TooManyOccurrences(InvalidValue):
    type = "too-many-occurrences"


@dataclass(frozen=True, slots=True)
class Cadence:
    every: Every
    first: date
    interval: int = 1
    count: int | None = None
    """How many days it falls on, skipped ones not counted; or until the day `until`."""
    until: date | None = None
    without: frozenset[date] = frozenset()
    skip_holidays: bool = False
    """Leave out public holidays, and weekends that are worked."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    day: date
    skipped: Skipped | None = None
    provisional: bool = False
    """The year's holidays are not published yet."""


DayOf = Callable[[date], "tuple[Skipped | None, bool]"]
"""Whether the calendar changes that day, and whether this is provisional."""


def occurrences(cadence: Cadence, day_of: DayOf) -> Sequence[Occurrence]:
    """All days in order, with those that are left out and why. Raises NoOccurrence, TooManyOccurrences."""
    found: list[Occurrence] = []
    kept = 0
    for day in days(cadence):
        if cadence.until is not None and day > cadence.until:
            break
        if cadence.count is not None and kept >= cadence.count:
            break
        skipped, provisional = _skipped(cadence, day, day_of)
        found.append(Occurrence(day, skipped, provisional))
        kept += skipped is None
        if kept > MOST or len(found) > 2 * MOST:
            raise TooManyOccurrences(
                field="until",
                reason_zh=f"一个系列最多 {MOST} 次活动。",
                reason_en=f"A series has at most {MOST} activities.",
            )
    if not kept:
        raise NoOccurrence(
            field="until",
            reason_zh="该系列没有任何一次活动。",
            reason_en="Not one day is left of this series.",
        )
    return found


def days(cadence: Cadence) -> Iterator[date]:
    """Without an end, from the first on."""
    if cadence.every is Every.WEEK:
        day = cadence.first
        while day.year < date.max.year:
            yield day
            day += timedelta(weeks=cadence.interval)
        return
    nth = min(LAST, (cadence.first.day - 1) // _WEEK + 1)
    month = cadence.first.year * _MONTHS + cadence.first.month - 1
    while month // _MONTHS < date.max.year:
        year, index = divmod(month, _MONTHS)
        found = (
            _month_day(year, index + 1, cadence.first.day)
            if cadence.every is Every.MONTH_DAY
            else _nth_weekday(year, index + 1, cadence.first.weekday(), nth)
        )
        if found is not None:
            yield found
        month += cadence.interval


def _skipped(cadence: Cadence, day: date, day_of: DayOf) -> tuple[Skipped | None, bool]:
    if day in cadence.without:
        return Skipped.EXCEPTION, False
    if not cadence.skip_holidays:
        return None, False
    return day_of(day)


def _month_day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    day = first + timedelta(days=(weekday - first.weekday()) % _WEEK + (nth - 1) * _WEEK)
    return day if day.month == month else day - timedelta(weeks=1)


__all__ = [
    "LAST",
    "MOST",
    "Cadence",
    "DayOf",
    "Every",
    "NoOccurrence",
    "Occurrence",
    "Skipped",
    "TooManyOccurrences",
    "days",
    "occurrences",
]
