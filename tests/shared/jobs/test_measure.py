"""Whoever watches sees a job that nobody begins and one that fails, from any worker."""

from contextlib import suppress
from datetime import timedelta

import pytest

from shared.database import Database
from shared.jobs import Job, Scheduler
from shared.observing.measuring import Measuring
from shared.testing.clock import FrozenClock
from tests.support.numbers import number


async def test_a_job_that_is_due_and_one_that_fails_are_seen(
    database: Database, frozen_clock: FrozenClock
) -> None:
    async def works() -> None:
        return None

    async def fails() -> None:
        raise ValueError("cannot")

    hour = timedelta(hours=1)
    jobs = [Job("measured-works", hour, works), Job("measured-fails", hour, fails)]
    worker = Scheduler(database, jobs, "a", frozen_clock)
    look = Measuring([Scheduler(database, jobs, "b", frozen_clock).measure], fresh=0)
    await worker.run_once("measured-works")
    with suppress(ValueError):
        await worker.run_once("measured-fails")
    await look()
    assert number("job_overdue_seconds", job="measured-works") == 0
    assert number("job_failures", job="measured-works") == 0
    assert number("job_failures", job="measured-fails") == 1

    frozen_clock.advance(hour + timedelta(minutes=10))
    await look()
    late = number("job_overdue_seconds", job="measured-works") or 0
    assert (
        timedelta(minutes=9) < timedelta(seconds=late) <= timedelta(minutes=11)
    )  # next times have some jitter

    gone = Measuring([Scheduler(database, jobs[:1], "c", frozen_clock).measure], fresh=0)
    frozen_clock.advance(hour)
    await gone()
    assert number("job_overdue_seconds", job="measured-works") == pytest.approx(late + 3600)
    assert (number("job_overdue_seconds", job="measured-fails") or 0) < late + 3600, "no job of theirs"
