"""`WorkCalendar`: which days are worked, when a limit ends, how long something took in working time.

All arithmetic is exact: whole microseconds, counted over tables of working days that are made once a year of the
calendar. A moment goes in aware (any zone) and comes out in UTC.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NamedTuple

from shared.calendar.hours import SHANGHAI, WorkHours
from shared.calendar.published import YEAR_END, covers_year, foreseen, notices

_MICROSECOND = timedelta(microseconds=1)
_MINUTE = 60_000_000
# A midnight in Shanghai from which days are counted, and its ordinal.
_MIDNIGHT = datetime(2000, 1, 1, tzinfo=SHANGHAI).astimezone(UTC)
_ORDINAL = date(2000, 1, 1).toordinal()


class NaiveMoment(ValueError):
    """A datetime without a zone: nobody can say when that is."""


class ContradictoryNotice(ValueError):
    """A notice calls a day both free and worked, or speaks of another year."""


class Due(NamedTuple):
    """The end of a limit. `provisional`: a day on the way has no published notice yet, so it may move."""

    at: datetime
    provisional: bool


class DayKind(NamedTuple):
    """True in a condition means a working day."""

    working: bool
    provisional: bool

    def __bool__(self) -> bool:
        return self.working


class NextDay(NamedTuple):
    day: date
    provisional: bool


@dataclass(frozen=True, slots=True)
class _Year:
    first: int
    """Ordinal of 1 January."""
    days: tuple[int, ...]
    """Ordinals of the working days."""
    before: tuple[int, ...]
    """How many working days come before each day of the year."""
    provisional_from: int
    """Ordinal of the first day that a notice may still change."""


class WorkCalendar:
    """Immutable; `with_notice` gives another. Cheap to share, safe from any task or thread."""

    def __init__(self, exceptions: Mapping[date, bool], published: frozenset[int], hours: WorkHours) -> None:
        self._exceptions = exceptions
        self._published = published
        self._hours = hours
        self._years: dict[int, _Year] = {}

    @classmethod
    def china(cls, hours: WorkHours | None = None) -> "WorkCalendar":
        """By the published notices; a community with other hours gives its own."""
        return _china() if hours is None else cls(*notices(), hours)

    def with_notice(self, year: int, holidays: Iterable[date], workdays: Iterable[date]) -> "WorkCalendar":
        """A calendar that follows a notice (or a correction of one) for `year`: days not named stay as they are.

        The year counts as published once a notice names its festivals of fixed date; a correction of one day does not
        make it so. Days may also be the last three of the year before. Raises `ContradictoryNotice`.
        """
        free, worked = set(holidays), set(workdays)
        if both := free & worked:
            raise ContradictoryNotice(f"{min(both)} is both free and worked")
        for day in free | worked:
            if day.year != year and not (day.year == year - 1 and (day.month, day.day) >= YEAR_END):
                raise ContradictoryNotice(f"{day} is not a day of {year}")
        exceptions = {**self._exceptions, **dict.fromkeys(free, False), **dict.fromkeys(worked, True)}
        published = self._published | {year} if covers_year(year, free) else self._published
        return WorkCalendar(exceptions, published, self._hours)

    def is_working_day(self, day: date) -> DayKind:
        year, ordinal = self._year(day.year), day.toordinal()
        index = ordinal - year.first
        return DayKind(year.before[index + 1] > year.before[index], ordinal >= year.provisional_from)

    def is_changed(self, day: date) -> bool | None:
        """What a notice makes of the day beside Monday to Friday: True is worked (调休), False is a public holiday.

        None where no notice names it. Of a year without a notice only the holidays of fixed date are known.
        """
        named = self._exceptions.get(day)
        if named is None and day.year not in self._published and day in foreseen(day.year):
            return False
        return named

    def next_working_day(self, day: date) -> NextDay:
        """The first working day after `day`."""
        provisional = False
        while True:
            day += timedelta(days=1)
            kind = self.is_working_day(day)
            provisional = provisional or kind.provisional
            if kind.working:
                return NextDay(day, provisional)

    def day_of(self, moment: datetime) -> date:
        """The day on the wall calendar in Shanghai."""
        return _local(moment).date()

    def opening(self, day: date) -> datetime:
        """When work begins on `day`, were it a working day."""
        return _moment(day.toordinal(), self._hours.opens)

    def closing(self, day: date) -> datetime:
        """When work ends on `day`, were it a working day: "the same day" means until then."""
        return _moment(day.toordinal(), self._hours.closes)

    def working_days(self, days: int) -> timedelta:
        """The working time of so many days, to be added by `add_working`."""
        return timedelta(microseconds=self._hours.length * days)

    def add_working(self, start: datetime, duration: timedelta) -> Due:
        """The moment by which `duration` of working time has passed since `start`.

        It never falls outside working time: from 17:00, half an hour ends at 17:30 and 31 minutes at 08:31 of the next
        working day. Nothing added gives `start` itself, or the next opening where `start` is outside working time.
        """
        if duration < timedelta(0):
            raise ValueError("working time is added, not taken away")
        local = _local(start)
        number, ordinal, hours = local.year, local.toordinal(), self._hours
        year = self._year(number)
        length = hours.length
        index = ordinal - year.first
        done = year.before[index] * length
        if year.before[index + 1] > year.before[index]:
            if not duration and hours.includes(local.time()):
                return Due(start.astimezone(UTC), ordinal >= year.provisional_from)
            done += hours.worked(local.time())
        # A moment is the end of the time before it (reached) as well as the start of the time after it (resumed).
        # With something added it is the end that is asked for, with nothing added the start.
        target, inclusive = done + duration // _MICROSECOND, 0 if duration else 1
        provisional = False
        while target + inclusive > len(year.days) * length:
            target -= len(year.days) * length
            provisional = provisional or year.provisional_from < year.first + len(year.before) - 1
            number += 1
            year = self._year(number)
        at, rest = divmod(target - 1 + inclusive, length)
        day = year.days[at]
        clock = hours.reached(rest + 1) if duration else hours.resumed(rest)
        return Due(_moment(day, clock), provisional or day >= year.provisional_from)

    def working_minutes_between(self, start: datetime, end: datetime) -> int:
        """Whole minutes of working time from `start` to `end`.

        0 when `end` is not after `start`: the clocks of two machines may disagree by a moment.
        """
        first, last = _local(start), _local(end)
        if last <= first:
            return 0
        between = sum(len(self._year(number).days) for number in range(first.year, last.year))
        worked = between * self._hours.length + self._done(last) - self._done(first)
        return worked // _MINUTE

    def _done(self, local: datetime) -> int:
        """Microseconds worked since the start of the year."""
        year = self._year(local.year)
        index = local.toordinal() - year.first
        done = year.before[index] * self._hours.length
        working = year.before[index + 1] > year.before[index]
        return done + (self._hours.worked(local.time()) if working else 0)

    def _year(self, number: int) -> _Year:
        year = self._years.get(number)
        if year is None:
            year = self._years[number] = self._make(number)
        return year

    def _make(self, number: int) -> _Year:
        first, last = date(number, 1, 1).toordinal(), date(number, 12, 31).toordinal()
        free = set() if number in self._published else foreseen(number)
        days, before = [], [0]
        for ordinal in range(first, last + 1):
            day = date.fromordinal(ordinal)
            usual = day.weekday() < 5 and day not in free
            if self._exceptions.get(day, usual):
                days.append(ordinal)
            before.append(len(days))
        if number not in self._published:
            provisional_from = first
        elif number + 1 not in self._published:
            provisional_from = date(number, *YEAR_END).toordinal()
        else:
            provisional_from = last + 1
        return _Year(first, tuple(days), tuple(before), provisional_from)


@cache
def _china() -> WorkCalendar:
    return WorkCalendar(*notices(), WorkHours())


def _local(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise NaiveMoment(f"{moment.isoformat()} has no zone")
    return moment.astimezone(SHANGHAI)


def _moment(ordinal: int, since_midnight: timedelta) -> datetime:
    return _MIDNIGHT + timedelta(days=ordinal - _ORDINAL) + since_midnight
