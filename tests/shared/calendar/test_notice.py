"""A year without a notice is answered provisionally, and the district's notice settles it."""

from datetime import date, datetime, timedelta

import pytest

from shared.calendar import SHANGHAI, ContradictoryNotice, WorkCalendar

CHINA = WorkCalendar.china()
# A year that no release of the library can know by the time this test runs.
FAR = 2090

PROVISIONAL = [
    (date(FAR, 1, 1), False, "New Year is on a fixed date"),
    (date(FAR, 10, 3), False, "so is National Day"),
    (date(FAR, 5, 2), False, "and 2 May, since 2025"),
    (date(FAR, 4, 4), False, "清明 is a solar term and can be computed"),
    (date(FAR, 1, 30), True, "Spring Festival cannot, so an ordinary Monday"),
    (date(FAR, 1, 28), False, "a Saturday: nobody knows the swaps"),
    (date(1950, 10, 3), False, "nor is there anything for the past"),
    (date(2150, 4, 5), False, "a Sunday beyond the solar terms' formula"),
]


@pytest.mark.parametrize(("day", "working", "reason"), PROVISIONAL, ids=[case[2] for case in PROVISIONAL])
def test_days_of_a_year_without_a_notice(day: date, working: bool, reason: str) -> None:
    assert CHINA.is_working_day(day) == (working, True), reason


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


HOLIDAYS = [
    date(FAR, 1, 1),
    *days(date(FAR, 1, 30), 7),
    date(FAR, 4, 4),
    *days(date(FAR, 5, 1), 5),
    *days(date(FAR, 10, 1), 7),
]
WORKDAYS = [date(FAR, 1, 28), date(FAR, 10, 8)]


def test_a_notice_settles_its_year() -> None:
    before = CHINA.is_working_day(date(FAR, 1, 30))
    settled = CHINA.with_notice(FAR, HOLIDAYS, WORKDAYS)
    assert settled.is_working_day(date(FAR, 1, 30)) == (False, False)
    assert settled.is_working_day(date(FAR, 1, 28)) == (True, False)
    assert settled.is_working_day(date(FAR, 6, 1)) == (True, False)
    assert CHINA.is_working_day(date(FAR, 1, 30)) == before, "the calendar itself does not change"


def test_the_last_days_of_a_year_wait_for_the_next_notice() -> None:
    settled = CHINA.with_notice(FAR, HOLIDAYS, WORKDAYS)
    assert settled.is_working_day(date(FAR, 12, 28)).provisional is False
    assert settled.is_working_day(date(FAR, 12, 29)).provisional is True
    reaching_back = [date(FAR, 12, 29), *[day.replace(year=FAR + 1) for day in HOLIDAYS]]
    both = settled.with_notice(FAR + 1, reaching_back, [])
    assert both.is_working_day(date(FAR, 12, 29)) == (False, False)


def test_a_correction_changes_the_days_it_names_and_no_other() -> None:
    corrected = CHINA.with_notice(2026, [date(2026, 11, 20)], [date(2026, 11, 21)])
    assert corrected.is_working_day(date(2026, 11, 20)) == (False, False)
    assert corrected.is_working_day(date(2026, 11, 21)) == (True, False)
    assert corrected.is_working_day(date(2026, 10, 10)) == (True, False)
    undone = corrected.with_notice(2026, [date(2026, 11, 21)], [date(2026, 11, 20)])
    assert undone.is_working_day(date(2026, 11, 20)) == (True, False)


def test_a_single_day_does_not_settle_a_year() -> None:
    corrected = CHINA.with_notice(FAR, [date(FAR, 6, 1)], [])
    assert corrected.is_working_day(date(FAR, 6, 1)) == (False, True)


def test_the_order_of_notices_does_not_matter() -> None:
    next_year = [day.replace(year=FAR + 1) for day in HOLIDAYS]
    one = CHINA.with_notice(FAR, HOLIDAYS, WORKDAYS).with_notice(FAR + 1, next_year, [])
    two = CHINA.with_notice(FAR + 1, next_year, []).with_notice(FAR, HOLIDAYS, WORKDAYS)
    for day in days(date(FAR, 1, 1), 730):
        assert one.is_working_day(day) == two.is_working_day(day)


REFUSED = [
    ([date(FAR, 6, 1)], [date(FAR, 6, 1)], "a day that is both"),
    ([date(FAR + 1, 6, 1)], [], "a day of the year after"),
    ([], [date(FAR - 1, 12, 28)], "further back than any notice reached"),
]


@pytest.mark.parametrize(("free", "worked", "reason"), REFUSED, ids=[case[2] for case in REFUSED])
def test_a_notice_that_contradicts_itself_is_refused(
    free: list[date], worked: list[date], reason: str
) -> None:
    with pytest.raises(ContradictoryNotice):
        CHINA.with_notice(FAR, free, worked)


def test_a_limit_that_passes_an_unsettled_day_says_so() -> None:
    filed = datetime(FAR, 1, 27, 16, 0, tzinfo=SHANGHAI)
    guess = CHINA.add_working(filed, timedelta(hours=2))
    assert guess == (datetime(FAR, 1, 30, 9, 0, tzinfo=SHANGHAI), True)
    settled = CHINA.with_notice(FAR, HOLIDAYS, WORKDAYS).add_working(filed, timedelta(hours=2))
    assert settled == (datetime(FAR, 1, 28, 9, 0, tzinfo=SHANGHAI), False)


def test_a_limit_from_a_settled_into_an_unsettled_year_says_so() -> None:
    settled = CHINA.with_notice(FAR, HOLIDAYS, WORKDAYS)
    filed = datetime(FAR, 12, 20, 9, 0, tzinfo=SHANGHAI)
    assert not settled.add_working(filed, timedelta(hours=2)).provisional
    assert settled.add_working(filed, settled.working_days(30)).provisional
