"""When a venue may be booked."""

from datetime import UTC, datetime, time, timedelta

import pytest

from services.intake.venues import rules
from services.intake.venues.rules import Opening, Slot

NOW = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)  # Tuesday, 09:00 in Shanghai
HOURS = [Opening(2, time(8, 30), time(12)), Opening(2, time(13, 30), time(21)), Opening(6, time(9), time(17))]


def slot(start: float, hours: float) -> Slot:
    return Slot(NOW + timedelta(hours=start), NOW + timedelta(hours=start + hours))


@pytest.mark.parametrize(
    ("start", "hours", "open_"),
    [
        (0, 3, True),  # 09:00 to 12:00, to the minute
        (0, 3.5, False),  # into the break
        (2, 3, False),  # across the break
        (4.5, 7.5, True),  # 13:30 to 21:00
        (12, 1, False),  # after closing
        (24, 1, False),  # Wednesday
        (96, 8, True),  # Saturday 09:00 to 17:00
    ],
)
def test_a_booking_lies_within_one_opening(start: float, hours: float, open_: bool) -> None:
    if open_:
        rules.check_open(HOURS, slot(start, hours))
    else:
        with pytest.raises(rules.VenueClosed):
            rules.check_open(HOURS, slot(start, hours))


def test_without_hours_it_is_always_open() -> None:
    rules.check_open([], slot(14, 12))


@pytest.mark.parametrize("hours", [[Opening(1, time(9), time(9))], [*HOURS, Opening(2, time(11), time(14))]])
def test_hours_go_from_early_to_late_and_do_not_overlap(hours: list[Opening]) -> None:
    with pytest.raises(rules.WrongHours):
        rules.checked_hours(hours)


def test_hours_are_stored_as_they_were() -> None:
    assert rules.unpacked(rules.packed(rules.checked_hours(HOURS))) == HOURS


@pytest.mark.parametrize("wrong", [slot(-1, 2), slot(1, 0), slot(2, -1), slot(1, 15)])
def test_times_that_cannot_be_booked(wrong: Slot) -> None:
    with pytest.raises(rules.WrongBookingTimes):
        rules.check_slot(wrong, NOW)


def test_a_group_books_four_hours_two_months_ahead_and_four_times_at_most() -> None:
    rules.check_group(slot(24, 4), NOW, coming=3)
    for wrong in (slot(24, 4.5), slot(24 * 61, 2)):
        with pytest.raises(rules.WrongBookingTimes):
            rules.check_group(wrong, NOW, coming=0)
    with pytest.raises(rules.TooManyBookings):
        rules.check_group(slot(24, 4), NOW, coming=4)


@pytest.mark.parametrize(
    ("taken", "wanted", "units"), [([], 2, [1, 2]), ([1, 3], 2, [2, 4]), ([1, 2, 4], 2, None)]
)
def test_pieces_of_equipment(taken: list[int], wanted: int, units: list[int] | None) -> None:
    if units is None:
        with pytest.raises(rules.EquipmentTaken) as refused:
            rules.units_free(4, taken, wanted)
        assert refused.value.params == {"wanted": 2, "free": 1}
    else:
        assert rules.units_free(4, taken, wanted) == units
