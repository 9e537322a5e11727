"""When to try again is arithmetic, and the same every time."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.retrying import Backoff

SECOND = timedelta(seconds=1)
DOUBLING = Backoff(SECOND, factor=2, cap=timedelta(seconds=10), jitter=0)
EVERY_FIVE_MINUTES = Backoff(timedelta(minutes=5), factor=1, cap=timedelta(minutes=5), jitter=0, attempts=48)

DELAYS = [
    (DOUBLING, 1, 0.0, 1.0, "the first wait is the initial one"),
    (DOUBLING, 2, 0.0, 2.0, "then it doubles"),
    (DOUBLING, 4, 0.0, 8.0, "and doubles"),
    (DOUBLING, 5, 0.0, 10.0, "up to the cap"),
    (DOUBLING, 5_000, 0.0, 10.0, "and stays there, however long the outage"),
    (EVERY_FIVE_MINUTES, 1, 0.9, 300.0, "a fixed step"),
    (EVERY_FIVE_MINUTES, 47, 0.9, 300.0, "stays fixed"),
    (Backoff(SECOND, jitter=0.5), 1, 0.0, 1.0, "jitter of nothing"),
    (Backoff(SECOND, jitter=0.5), 1, 0.5, 0.75, "jitter shortens"),
    (Backoff(timedelta(0)), 3, 0.0, 0.0, "at once, always"),
    (Backoff(timedelta(hours=1), cap=timedelta(minutes=1), jitter=0), 1, 0.0, 60.0, "the cap is above all"),
]


@pytest.mark.parametrize(
    ("schedule", "attempt", "drawn", "seconds", "reason"), DELAYS, ids=[case[4] for case in DELAYS]
)
def test_delays(schedule: Backoff, attempt: int, drawn: float, seconds: float, reason: str) -> None:
    assert schedule.delay(attempt, lambda: drawn) == timedelta(seconds=seconds), reason


@given(
    attempt=st.integers(1, 500),
    factor=st.floats(1, 10),
    jitter=st.floats(0, 1),
    drawn=st.floats(0, 1, exclude_max=True),
)
def test_no_delay_is_negative_or_beyond_the_cap(
    attempt: int, factor: float, jitter: float, drawn: float
) -> None:
    schedule = Backoff(SECOND, factor=factor, cap=timedelta(minutes=1), jitter=jitter)
    assert timedelta(0) <= schedule.delay(attempt, lambda: drawn) <= schedule.cap


def test_it_gives_up_after_the_attempts_it_was_given() -> None:
    assert [EVERY_FIVE_MINUTES.gives_up(attempt) for attempt in (1, 47, 48, 49)] == [False, False, True, True]
    assert not DOUBLING.gives_up(1_000_000)


WRONG: list[tuple[dict[str, float], str]] = [
    ({"factor": 0.5}, "delays that shrink"),
    ({"jitter": 1.5}, "a share above one"),
    ({"attempts": 0}, "no attempt at all"),
]


@pytest.mark.parametrize(("settings", "reason"), WRONG, ids=[case[1] for case in WRONG])
def test_a_schedule_that_makes_no_sense_is_refused(settings: dict[str, float], reason: str) -> None:
    with pytest.raises(ValueError, match=r"factor|attempt"):
        Backoff(SECOND, **settings)  # type: ignore[arg-type]


def test_attempts_count_from_one() -> None:
    with pytest.raises(ValueError, match="count from 1"):
        DOUBLING.delay(0)
