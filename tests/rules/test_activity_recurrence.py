"""On which days a series falls: RFC 5545's cases, exceptions, and China's holidays."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.activities.actions.repeating import by_calendar
from services.intake.activities.recurrence import (
    MOST,
    Cadence,
    Every,
    NoOccurrence,
    Skipped,
    TooManyOccurrences,
    occurrences,
)
from shared.calendar import WorkCalendar

DAY_OF = by_calendar(WorkCalendar.china())


def kept(cadence: Cadence) -> list[str]:
    return [it.day.isoformat() for it in occurrences(cadence, DAY_OF) if it.skipped is None]


def test_every_second_week() -> None:
    found = kept(Cadence(Every.WEEK, date(2026, 12, 5), interval=2, count=3))
    assert found == ["2026-12-05", "2026-12-19", "2027-01-02"]


def test_until_takes_its_own_day_along() -> None:
    assert kept(Cadence(Every.WEEK, date(2026, 12, 5), until=date(2026, 12, 12))) == [
        "2026-12-05",
        "2026-12-12",
    ]


def test_a_month_without_the_day_is_passed_over() -> None:
    found = kept(Cadence(Every.MONTH_DAY, date(2026, 1, 31), count=3))
    assert found == ["2026-01-31", "2026-03-31", "2026-05-31"]


@pytest.mark.parametrize(
    ("first", "found"),
    [
        (date(2026, 6, 13), ["2026-06-13", "2026-07-11", "2026-08-08"]),  # second Saturday
        (date(2026, 5, 30), ["2026-05-30", "2026-06-27", "2026-07-25"]),  # fifth stands for last
    ],
)
def test_the_same_weekday_of_the_month(first: date, found: list[str]) -> None:
    assert kept(Cadence(Every.MONTH_WEEKDAY, first, count=3)) == found


def test_exceptions_and_skipped_days_do_not_count() -> None:
    cadence = Cadence(Every.WEEK, date(2026, 12, 5), count=2, without=frozenset({date(2026, 12, 12)}))
    assert kept(cadence) == ["2026-12-05", "2026-12-19"]


def test_holidays_and_worked_weekends_are_left_out_on_wish() -> None:
    """2026: 中秋 until 27 September, 国庆 from 1 to 7 October; Saturday 10 October is worked."""
    saturdays = Cadence(Every.WEEK, date(2026, 9, 19), count=2, skip_holidays=True)
    found = {it.day.isoformat(): it.skipped for it in occurrences(saturdays, DAY_OF)}
    assert found["2026-10-03"] is Skipped.HOLIDAY
    assert found["2026-10-10"] is Skipped.SWAPPED
    assert [day for day, skipped in found.items() if skipped is None] == ["2026-09-19", "2026-10-17"]
    assert "2026-10-03" in kept(Cadence(Every.WEEK, date(2026, 9, 26), count=3))


def test_a_year_without_a_notice_is_provisional() -> None:
    found = occurrences(Cadence(Every.WEEK, date(2031, 3, 1), count=2, skip_holidays=True), DAY_OF)
    assert all(it.provisional for it in found)
    new_year = occurrences(Cadence(Every.MONTH_DAY, date(2031, 12, 1), count=2, skip_holidays=True), DAY_OF)
    assert [it.skipped for it in new_year if it.day == date(2032, 1, 1)] == [Skipped.HOLIDAY]


def test_a_series_has_an_end_and_something_in_it() -> None:
    with pytest.raises(TooManyOccurrences):
        occurrences(Cadence(Every.WEEK, date(2026, 1, 3), until=date(2030, 1, 1)), DAY_OF)
    with pytest.raises(NoOccurrence):
        occurrences(Cadence(Every.WEEK, date(2026, 12, 5), until=date(2026, 12, 1)), DAY_OF)


@given(
    every=st.sampled_from(Every),
    first=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    interval=st.integers(1, 12),
    count=st.integers(1, 12),
)
def test_days_rise_and_the_first_is_the_first(every: Every, first: date, interval: int, count: int) -> None:
    days = [it.day for it in occurrences(Cadence(every, first, interval, count=count), DAY_OF)]
    assert days[0] == first or every is Every.MONTH_WEEKDAY
    assert days == sorted(set(days))
    assert len(days) == count <= MOST
    if every is not Every.MONTH_DAY:
        assert {day.weekday() for day in days} == {first.weekday()}
