"""When a job is due."""

from datetime import datetime, time, timedelta

import pytest

from shared.calendar import SHANGHAI
from shared.jobs import Job


async def nothing() -> None:
    return None


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=SHANGHAI)


HOURLY = Job("hourly", timedelta(hours=1), nothing)
NIGHTLY = Job("nightly", timedelta(days=1), nothing, at=time(2, 30))
WEEKLY = Job("weekly", timedelta(days=7), nothing, at=time(2, 30))

FIRST = [
    (HOURLY, "18 10:00", "18 10:00", "an interval begins at once"),
    (NIGHTLY, "18 10:00", "19 02:30", "a time of day waits for it"),
    (NIGHTLY, "18 01:00", "18 02:30", "today, if it is still to come"),
    (NIGHTLY, "18 02:30", "19 02:30", "at the very time it is the next one"),
]


@pytest.mark.parametrize(("job", "now", "due", "reason"), FIRST, ids=[case[3] for case in FIRST])
def test_a_job_that_never_ran(job: Job, now: str, due: str, reason: str) -> None:
    assert job.first_due(at(now)) == at(due), reason


NEXT = [
    (HOURLY, ("18 10:00", "18 10:05"), 0.0, "18 11:00", "counted from the start"),
    (HOURLY, ("18 10:00", "18 10:05"), 1.0, "18 11:01", "a little later by chance, a minute at most"),
    (
        HOURLY,
        ("18 10:00", "18 14:20"),
        0.0,
        "18 14:20",
        "it took longer than its interval: at once, and once",
    ),
    (NIGHTLY, ("18 02:30", "18 02:40"), 1.0, "19 02:30", "a time of day is kept"),
    (NIGHTLY, ("18 09:00", "18 09:10"), 0.0, "19 02:30", "even after a run that was late"),
    (NIGHTLY, ("18 02:30", "19 03:00"), 0.0, "20 02:30", "what was missed is not made up for"),
    (WEEKLY, ("18 02:30", "18 02:40"), 0.0, "25 02:30", "a week later"),
]


@pytest.mark.parametrize(("job", "run", "chance", "due", "reason"), NEXT, ids=[case[4] for case in NEXT])
def test_a_job_that_ran(job: Job, run: tuple[str, str], chance: float, due: str, reason: str) -> None:
    started, ended = run
    assert job.next_due(at(started), at(ended), lambda: chance) == at(due), reason


@pytest.mark.parametrize("name", ["", "Name", "a b", "a_b", "x" * 49])
def test_a_name_is_a_code(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Job(name, timedelta(hours=1), nothing)


def test_an_interval_is_positive_and_a_time_of_day_is_daily() -> None:
    with pytest.raises(ValueError, match="positive"):
        Job("never", timedelta(0), nothing)
    with pytest.raises(ValueError, match="whole days"):
        Job("odd", timedelta(hours=5), nothing, at=time(2))
