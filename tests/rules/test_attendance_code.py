"""The rotating code: taken for its half minute and the next, of this activity and direction only; and the minutes."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.activities import attendance
from services.intake.activities.attendance import (
    STEP,
    CheckedInAlready,
    CheckedOutAlready,
    Direction,
    NotCheckedIn,
    Presence,
    TooEarly,
    WrongCode,
)

ACTIVITY, OTHER = uuid4(), uuid4()
STARTS = datetime(2026, 12, 5, 6, 0, tzinfo=UTC)
ENDS = STARTS + timedelta(hours=2)


def sign(message: str) -> bytes:
    return hmac.digest(b"k" * 32, message.encode(), hashlib.sha256)


def other_key(message: str) -> bytes:
    return hmac.digest(b"o" * 32, message.encode(), hashlib.sha256)


@given(st.integers(0, 10**6))
def test_a_code_is_taken_for_at_most_a_minute(second: int) -> None:
    shown_at = STARTS + timedelta(seconds=second)
    code = attendance.shown(sign, ACTIVITY, Direction.IN, shown_at)
    attendance.check_code(sign, ACTIVITY, Direction.IN, code.payload, shown_at)
    assert shown_at < code.valid_until <= shown_at + timedelta(seconds=STEP)
    last = code.valid_until + timedelta(seconds=STEP) - timedelta(microseconds=1)
    attendance.check_code(sign, ACTIVITY, Direction.IN, code.code, last)
    for late in (last + timedelta(microseconds=1), shown_at + timedelta(seconds=60)):
        with pytest.raises(WrongCode):
            attendance.check_code(sign, ACTIVITY, Direction.IN, code.payload, late)


def test_a_code_of_the_future_is_none() -> None:
    code = attendance.shown(sign, ACTIVITY, Direction.IN, STARTS + timedelta(seconds=STEP))
    with pytest.raises(WrongCode):
        attendance.check_code(sign, ACTIVITY, Direction.IN, code.code, STARTS)


def test_a_code_is_of_one_activity_one_direction_and_one_key() -> None:
    code = attendance.shown(sign, ACTIVITY, Direction.IN, STARTS)
    for key, activity, direction, given_code in (
        (sign, OTHER, Direction.IN, code.code),
        (sign, OTHER, Direction.IN, code.payload),
        (sign, ACTIVITY, Direction.OUT, code.code),
        (sign, ACTIVITY, Direction.OUT, code.payload),
        (other_key, ACTIVITY, Direction.IN, code.code),
        (sign, ACTIVITY, Direction.IN, ""),
        (sign, ACTIVITY, Direction.IN, "LONGXI"),
        (sign, ACTIVITY, Direction.IN, "签到"),
        (sign, ACTIVITY, Direction.IN, code.code[:-1]),
    ):
        with pytest.raises(WrongCode):
            attendance.check_code(key, activity, direction, given_code, STARTS)
    attendance.check_code(sign, ACTIVITY, Direction.IN, f" {code.code.lower()} ", STARTS)


def test_checking_in_and_out_once_each() -> None:
    with pytest.raises(TooEarly):
        attendance.enter(Presence(), STARTS - timedelta(hours=2, seconds=1), starts=STARTS)
    inside = attendance.enter(Presence(), STARTS, starts=STARTS)
    with pytest.raises(CheckedInAlready):
        attendance.enter(inside, STARTS, starts=STARTS)
    with pytest.raises(NotCheckedIn):
        attendance.leave(Presence(), STARTS)
    gone = attendance.leave(inside, ENDS)
    with pytest.raises(CheckedOutAlready):
        attendance.leave(gone, ENDS)


@pytest.mark.parametrize(
    ("came", "went", "lane", "minutes"),
    [
        (0, 120, "participant", 120),
        (-20, 130, "participant", 120),  # a participant's time is the activity's own
        (-20, 130, "setup", 150),  # setting up and clearing is work
        (-300, 400, "setup", 360),  # two hours around it at most
        (30, 45, "participant", 15),
        (30, None, "participant", 90),  # did not check out: until the planned end
        (None, None, "participant", 0),
        (125, 130, "participant", 0),  # came when it was over
    ],
)
def test_minutes_that_count(came: int | None, went: int | None, lane: str, minutes: int) -> None:
    def at(minute: int | None) -> datetime | None:
        return None if minute is None else STARTS + timedelta(minutes=minute)

    assert attendance.minutes(Presence(at(came), at(went)), starts=STARTS, ends=ENDS, lane=lane) == minutes
