"""A background loop that fails is started again, and an hour's outage is two lines in the log."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from shared.retrying import Backoff, forever

STEADY = timedelta(milliseconds=30)


class Waits:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


async def test_it_is_started_again_by_the_schedule_and_says_so_once() -> None:
    runs, waits = 0, Waits()

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs < 5:
            raise ConnectionError("away")

    with capture_logs() as lines:
        await forever("relay", run, schedule=Backoff(timedelta(seconds=1), jitter=0), sleep=waits)
    assert runs == 5
    assert waits.seconds == [1, 2, 4, 8]
    assert [line["event"] for line in lines] == [
        "loop failed, it is tried again until it works",
        "loop works again",
    ]
    assert lines[1]["failures"] == 4


async def test_a_loop_that_has_worked_for_a_while_starts_its_waits_anew() -> None:
    runs, waits = 0, Waits()

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs == 3:
            await asyncio.sleep(STEADY.total_seconds() * 3)
        if runs < 5:
            raise ConnectionError("away")

    with capture_logs() as lines:
        await forever(
            "relay", run, schedule=Backoff(timedelta(seconds=1), jitter=0), steady=STEADY, sleep=waits
        )
    assert waits.seconds == [1, 2, 1, 2]
    assert [line["log_level"] for line in lines] == ["error", "info", "error", "info"]


async def test_a_loop_that_ends_by_itself_is_over() -> None:
    async def run() -> None:
        return

    with capture_logs() as lines:
        await forever("relay", run)
    assert lines == []


async def test_stopping_it_stops_what_it_runs() -> None:
    stopped = asyncio.Event()

    async def run() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    task = asyncio.create_task(forever("relay", run))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stopped.is_set()
