"""The limits of DOMAIN as the regulation counts them, with the reason beside each case."""

from datetime import UTC, datetime, timedelta

import pytest

from services.intake.requests.limits import Length, LimitKind, Limits, Terms
from shared.calendar import SHANGHAI, WorkCalendar
from shared.contracts.intake import Urgency

CALENDAR = WorkCalendar.china()


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def due(
    kind: LimitKind, started: str, urgency: Urgency = Urgency.NORMAL, *, terms: Terms | None = None
) -> str:
    found = Limits(terms or Terms(), CALENDAR).start(kind, local(started), urgency)
    return found.due.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("kind", "started", "ends", "reason"),
    [
        (LimitKind.ACCEPT, "2026-03-02 09:00", "2026-03-02 11:00", "two hours of one morning"),
        (LimitKind.ACCEPT, "2026-03-02 11:00", "2026-03-02 14:30", "the lunch break does not count"),
        (LimitKind.ACCEPT, "2026-03-06 17:00", "2026-03-09 10:00", "Friday evening goes on on Monday"),
        (LimitKind.ACCEPT, "2026-02-14 16:00", "2026-02-24 09:00", "a worked Saturday, then Spring Festival"),
        (LimitKind.SIGN, "2026-03-02 16:30", "2026-03-03 09:30", "signing runs in working time too"),
        (LimitKind.DISPATCH, "2026-03-02 09:00", "2026-03-02 17:30", "the same day"),
        (LimitKind.DISPATCH, "2026-03-02 17:30", "2026-03-03 17:30", "work has ended: the next working day"),
        (LimitKind.DISPATCH, "2026-03-07 10:00", "2026-03-09 17:30", "nobody works on Saturday"),
        (LimitKind.RETURN, "2026-03-02 09:00", "2026-03-03 17:30", "the first day does not count (art. 201)"),
        (LimitKind.VERIFY, "2026-03-06 09:00", "2026-03-09 17:30", "one working day over a weekend"),
        (LimitKind.VERIFY, "2026-09-18 09:00", "2026-09-20 17:30", "2026-09-20 is a Sunday that is worked"),
        (LimitKind.CALL_BACK, "2026-03-06 16:00", "2026-03-09 17:30", "the day after closure that is worked"),
    ],
)
def test_the_limit_of_each_step(kind: LimitKind, started: str, ends: str, reason: str) -> None:
    assert due(kind, started) == ends, reason


@pytest.mark.parametrize(
    ("urgency", "started", "ends", "reason"),
    [
        (Urgency.EMERGENCY, "2026-03-02 09:00", "2026-03-02 11:00", "2 h are working hours"),
        (Urgency.EMERGENCY, "2026-03-02 22:00", "2026-03-03 10:30", "at night they wait for the morning"),
        (Urgency.URGENT, "2026-03-02 10:00", "2026-03-03 10:00", "24 h end at the same time of the next day"),
        (Urgency.URGENT, "2026-03-06 17:00", "2026-03-09 17:00", "the days of a weekend are not in the 24 h"),
        (Urgency.URGENT, "2026-03-06 20:00", "2026-03-09 17:30", "they never end at night"),
        (Urgency.NORMAL, "2026-03-02 10:00", "2026-03-09 17:30", "7 days after the day of filing (art. 201)"),
        (Urgency.NORMAL, "2026-02-11 10:00", "2026-02-24 17:30", "the last day is a holiday (art. 203)"),
        (Urgency.LONG, "2026-03-02 10:00", "2026-03-17 17:30", "15 days"),
        (Urgency.LONG, "2026-03-06 10:00", "2026-03-23 17:30", "the 21st is a Saturday"),
    ],
)
def test_handling_by_class(urgency: Urgency, started: str, ends: str, reason: str) -> None:
    assert due(LimitKind.HANDLE, started, urgency) == ends, reason


def test_a_limit_into_a_year_without_a_notice_says_that_it_may_change() -> None:
    year = next(y for y in range(2026, 2100) if CALENDAR.is_working_day(datetime(y, 6, 1).date()).provisional)  # noqa: DTZ001
    started = datetime(year - 1, 12, 25, 2, 0, tzinfo=UTC)
    limits = Limits(Terms(), CALENDAR)
    found = limits.start(LimitKind.HANDLE, started, Urgency.LONG)
    assert found.provisional
    before = limits.start(LimitKind.HANDLE, started - timedelta(days=60), Urgency.LONG)
    assert not before.provisional


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("4 working hours", "2026-03-02 14:30"),
        ("12 hours", "2026-03-02 14:15"),
        ("2 working days", "2026-03-04 17:30"),
        ("3 days", "2026-03-05 17:30"),
    ],
)
def test_a_community_may_have_lengths_of_its_own(text: str, ends: str) -> None:
    assert due(LimitKind.HANDLE, "2026-03-02 09:00", terms=Terms(normal=Length.parse(text))) == ends


@pytest.mark.parametrize(
    "settings",
    [{"accept": "two hours"}, {"accept": 2}, {"verify": "0 days"}, {"reopen_days": 0}, {"unknown": "2 days"}],
)
def test_a_wrong_setting_is_named(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings)) + "|is not a length"):
        Terms.of(settings)
