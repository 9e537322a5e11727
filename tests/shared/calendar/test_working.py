"""Limits run in working time: swapped days (调休), holidays, lunch and nights are known."""

import timeit
from datetime import UTC, date, datetime, time, timedelta

import pytest
from chinese_calendar import is_workday
from hypothesis import example, given
from hypothesis import strategies as st

from shared.calendar import SHANGHAI, NaiveMoment, WorkCalendar, WorkHours

CHINA = WorkCalendar.china()


def at(text: str) -> datetime:
    """`2026-09-30 16:00` in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


DAYS = [
    ("2026-11-20", True, "an ordinary Friday"),
    ("2026-11-21", False, "an ordinary Saturday"),
    ("2026-10-01", False, "National Day"),
    ("2026-10-07", False, "a weekday off in exchange"),
    ("2026-10-08", True, "the first day after"),
    ("2026-09-20", True, "a Sunday worked in exchange (调休)"),
    ("2026-10-10", True, "a Saturday worked in exchange (调休)"),
    ("2026-02-17", False, "Spring Festival, by the lunar calendar"),
    ("2025-05-02", False, "a statutory holiday since 2025"),
    ("2018-12-29", True, "a Saturday worked by the notice for 2019"),
    ("2018-12-31", False, "a Monday free by the notice for 2019"),
    ("2020-01-31", False, "the extended Spring Festival of 2020"),
    ("2004-01-01", False, "the first day of the data"),
]


@pytest.mark.parametrize(("day", "working", "reason"), DAYS, ids=[case[2] for case in DAYS])
def test_days_of_published_years(day: str, working: bool, reason: str) -> None:
    kind = CHINA.is_working_day(date.fromisoformat(day))
    assert (kind.working, kind.provisional) == (working, False), reason
    assert bool(kind) is working


def test_every_published_day_is_as_published() -> None:
    day = date(2004, 1, 1)
    while day <= date(2026, 12, 31):
        assert CHINA.is_working_day(day).working is is_workday(day), day
        day += timedelta(days=1)


LIMITS = [
    ("2026-11-20 09:00", 2, "2026-11-20 11:00", "within the morning"),
    ("2026-11-20 11:00", 2, "2026-11-20 14:30", "over lunch"),
    ("2026-11-20 10:00", 2, "2026-11-20 12:00", "ends with the morning, not after lunch"),
    ("2026-11-20 15:30", 2, "2026-11-20 17:30", "ends with the day, not on the next"),
    ("2026-11-20 16:30", 2, "2026-11-23 09:30", "over the weekend"),
    ("2026-11-20 12:30", 2, "2026-11-20 15:30", "filed at lunch: counts from 13:30"),
    ("2026-11-20 03:00", 2, "2026-11-20 10:30", "filed at night: counts from the morning"),
    ("2026-11-20 22:00", 2, "2026-11-23 10:30", "filed on Friday night: counts from Monday"),
    ("2026-11-22 10:00", 2, "2026-11-23 10:30", "filed on Sunday"),
    ("2026-09-30 16:30", 2, "2026-10-08 09:30", "over National Day"),
    ("2026-10-09 16:30", 2, "2026-10-10 09:30", "into a worked Saturday"),
    ("2026-09-19 10:00", 2, "2026-09-20 10:30", "filed on Saturday, Sunday is worked"),
    ("2026-11-20 09:00", 7.5, "2026-11-23 09:00", "a working day later"),
    ("2025-12-31 16:30", 2, "2026-01-04 09:30", "over New Year, into a worked Sunday"),
    ("2026-11-20 09:00", 0, "2026-11-20 09:00", "nothing added within working time"),
    ("2026-11-20 17:30", 0, "2026-11-20 17:30", "nothing added at the last moment of the day"),
    ("2026-11-20 17:31", 0, "2026-11-23 08:30", "nothing added after it"),
    ("2026-11-20 12:10", 0, "2026-11-20 13:30", "nothing added at lunch"),
    ("2026-11-21 12:10", 0, "2026-11-23 08:30", "nothing added at the weekend"),
]


@pytest.mark.parametrize(("start", "hours", "due", "reason"), LIMITS, ids=[case[3] for case in LIMITS])
def test_limits(start: str, hours: float, due: str, reason: str) -> None:
    result = CHINA.add_working(at(start), timedelta(hours=hours))
    assert result.at == at(due), reason
    assert result.at.tzinfo is UTC
    assert not result.provisional


SPANS = [
    ("2026-11-20 09:00", "2026-11-20 09:30", 30, "within the morning"),
    ("2026-11-20 11:45", "2026-11-20 13:45", 30, "lunch does not count"),
    ("2026-11-20 17:00", "2026-11-23 09:00", 60, "nor does the weekend"),
    ("2026-11-21 00:00", "2026-11-22 23:59", 0, "nothing at a weekend"),
    ("2026-10-10 00:00", "2026-10-11 00:00", 450, "a worked Saturday is a whole day"),
    ("2026-09-30 17:30", "2026-10-08 08:30", 0, "all of National Day is nothing"),
    ("2025-12-31 17:00", "2026-01-04 09:00", 60, "over the turn of the year"),
    ("2026-11-20 09:30", "2026-11-20 09:00", 0, "two clocks that disagree"),
    ("2026-11-20 09:00:00", "2026-11-20 09:00:59", 0, "whole minutes only"),
    ("2025-01-01 00:00", "2026-01-01 00:00", 450 * 248, "the 248 working days of 2025"),
]


@pytest.mark.parametrize(("start", "end", "minutes", "reason"), SPANS, ids=[case[3] for case in SPANS])
def test_spans(start: str, end: str, minutes: int, reason: str) -> None:
    assert CHINA.working_minutes_between(at(start), at(end)) == minutes, reason


def test_the_next_working_day() -> None:
    assert CHINA.next_working_day(date(2026, 9, 30)) == (date(2026, 10, 8), False)
    assert CHINA.next_working_day(date(2026, 10, 9)) == (date(2026, 10, 10), False)
    assert CHINA.next_working_day(date(2026, 12, 31)).provisional


def test_the_day_and_its_edges_are_those_of_shanghai() -> None:
    late_in_utc = datetime(2026, 11, 19, 20, 0, tzinfo=UTC)
    assert CHINA.day_of(late_in_utc) == date(2026, 11, 20)
    assert CHINA.opening(date(2026, 11, 20)) == at("2026-11-20 08:30")
    assert CHINA.closing(date(2026, 11, 20)) == at("2026-11-20 17:30")


def test_a_community_has_its_own_hours() -> None:
    summer = WorkCalendar.china(WorkHours(resumes=time(14, 30), closes=time(18, 0)))
    assert summer.add_working(at("2026-07-01 11:00"), timedelta(hours=2)).at == at("2026-07-01 15:30")
    assert summer.working_days(2) == timedelta(hours=14)
    with pytest.raises(ValueError, match="morning to evening"):
        WorkHours(opens=time(18, 0))


def test_a_moment_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 11, 20, 9, 0)  # noqa: DTZ001 - that is the point
    with pytest.raises(NaiveMoment):
        CHINA.add_working(naive, timedelta(hours=1))
    with pytest.raises(NaiveMoment):
        CHINA.working_minutes_between(at("2026-11-20 09:00"), naive)
    with pytest.raises(NaiveMoment):
        CHINA.day_of(naive)


def test_time_is_not_taken_away() -> None:
    with pytest.raises(ValueError, match="added"):
        CHINA.add_working(at("2026-11-20 09:00"), timedelta(hours=-1))


moments = st.datetimes(datetime(2004, 1, 2), datetime(2027, 6, 1), timezones=st.just(SHANGHAI))  # noqa: DTZ001
minutes = st.integers(0, 450 * 40)


@given(moments, minutes)
@example(at("2026-11-20 17:30"), 0)
@example(at("2026-11-20 12:00"), 450)
@example(at("2026-12-31 17:29:59.999999"), 1)
def test_what_was_added_is_what_is_measured(start: datetime, added: int) -> None:
    due = CHINA.add_working(start, timedelta(minutes=added))
    assert CHINA.working_minutes_between(start, due.at) == added


@given(moments, minutes, st.integers(0, 3 * 24 * 60), minutes)
def test_later_or_longer_never_ends_earlier(start: datetime, added: int, later: int, longer: int) -> None:
    due = CHINA.add_working(start, timedelta(minutes=added)).at
    assert CHINA.add_working(start + timedelta(minutes=later), timedelta(minutes=added)).at >= due
    assert CHINA.add_working(start, timedelta(minutes=added + longer)).at >= due
    assert due >= start


@given(moments, minutes)
def test_no_limit_ends_outside_working_time(start: datetime, added: int) -> None:
    local = CHINA.add_working(start, timedelta(minutes=added)).at.astimezone(SHANGHAI)
    assert CHINA.is_working_day(local.date())
    assert time(8, 30) <= local.time() <= time(12) or time(13, 30) <= local.time() <= time(17, 30)


@given(moments, minutes, minutes)
def test_two_steps_are_one(start: datetime, first: int, second: int) -> None:
    step = CHINA.add_working(start, timedelta(minutes=first)).at
    together = CHINA.add_working(start, timedelta(minutes=first + second)).at
    assert CHINA.working_minutes_between(step, together) == second


def test_it_is_quick_enough_to_run_at_every_filing() -> None:
    start, fifteen_days = at("2026-11-20 09:00"), CHINA.working_days(15)
    best = min(timeit.repeat(lambda: CHINA.add_working(start, fifteen_days), number=200, repeat=10)) / 200
    assert best < 50e-6
