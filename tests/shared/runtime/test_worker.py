"""A worker that does nothing any more does not look well: its process ends, and is started again."""

import asyncio

import pytest

from shared.runtime.worker import Work
from tests.support.platform import Platform


@pytest.mark.parametrize("name", ["relay", "inbox", "jobs"])
async def test_a_worker_ends_when_a_part_of_it_ended_unasked(platform: Platform, name: str) -> None:
    there = platform.running["casework"]
    work = Work(there.service, there.runtime, there.service.build(there.runtime))
    told = asyncio.Event()
    work.start(told.set)
    try:
        assert not work.broken
        (part,) = (task for task in (*work._finishing, *work._ending) if task.get_name() == name)
        part.cancel()  # as a library did that let a cancellation of its own escape

        async with asyncio.timeout(5):
            await told.wait()
        assert work.broken
    finally:
        await work.stop()


async def test_a_worker_that_was_told_to_stop_is_not_broken(platform: Platform) -> None:
    there = platform.running["casework"]
    work = Work(there.service, there.runtime, there.service.build(there.runtime))
    told = asyncio.Event()
    work.start(told.set)

    await work.stop()

    assert not work.broken
    assert not told.is_set()
