"""What every event log promises of members that share a group: join, leave, die, stall."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from shared.messaging.log import EventLog, Fenced, Reader, open_log
from shared.messaging.records import Record
from tests.support.event_logs import OPTIONS, SESSION_SECONDS, LogPlace

GROUP = "casework"
Member = asyncio.subprocess.Process


def numbered(topic: str, count: int) -> list[Record]:
    return [Record(topic, f"key-{number}".encode(), str(number).encode()) for number in range(count)]


async def consume(reader: Reader, seen: Counter[int], done: Callable[[], bool]) -> set[int]:
    """Read and commit until done; counts each record read, gives the partitions they were in."""
    partitions = set()
    async with asyncio.timeout(20):
        while not done():
            records = await reader.read(max_records=20, timeout=0.2)
            await asyncio.sleep(0.01)  # as if at work
            await reader.commit()
            seen.update(int(record.value) for record in records)
            partitions |= {record.partition for record in records}
    return partitions


@pytest.fixture(autouse=True)
async def _topic_made(log: EventLog, topic: str) -> None:
    await log.ensure_topics([topic])


@pytest.fixture
async def start_member(log_place: LogPlace, topic: str) -> AsyncIterator[Callable[[], Awaitable[Member]]]:
    """Start a member in a process of its own, and wait until it has read a batch and holds it."""
    members: list[Member] = []

    async def start() -> Member:
        kind = "kafka" if log_place.kafka_bootstrap_servers else "local"
        command = [sys.executable, "-m", "tests.support.log_member", kind, log_place.address, GROUP, topic]
        member = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        members.append(member)
        assert (await line_of(member)).startswith("read ")
        return member

    yield start
    for member in members:
        if member.returncode is None:
            member.kill()
            await member.wait()


async def line_of(member: Member) -> str:
    assert member.stdout is not None
    async with asyncio.timeout(20):
        return (await member.stdout.readline()).decode().strip()


async def test_members_share_the_partitions_and_read_nothing_twice(log: EventLog, topic: str) -> None:
    """Even while they join one after the other: each finishes its batch before it gives partitions away."""
    seen: Counter[int] = Counter()
    await log.publish(numbered(topic, 300))
    async with AsyncExitStack() as stack:
        consuming = []
        for _ in range(3):
            reader = await stack.enter_async_context(log.reader(GROUP, [topic]))
            consuming.append(asyncio.create_task(consume(reader, seen, lambda: len(seen) == 900)))
            await asyncio.sleep(0.3)
        # Settled when the last one has its share.
        await asyncio.sleep(1.5)
        await log.publish(
            [one._replace(value=str(int(one.value) + 300).encode()) for one in numbered(topic, 600)]
        )
        shares = await asyncio.gather(*consuming)
    assert set(seen.values()) == {1}
    assert all(shares)


async def test_what_a_member_fetched_and_did_not_give_out_comes_once(log: EventLog, topic: str) -> None:
    """It may hold more than it was asked for, of partitions that are another's by the time it is asked again."""
    seen: Counter[int] = Counter()
    await log.publish(numbered(topic, 300))
    async with log.reader(GROUP, [topic]) as first:
        while not (records := await first.read(max_records=10)):
            pass
        await first.commit()
        async with log.reader(GROUP, [topic]) as second:
            while not (found := await second.read(max_records=10)):
                pass
            await second.commit()
            seen.update(int(record.value) for record in (*records, *found))
            await asyncio.gather(*(consume(one, seen, lambda: len(seen) == 300) for one in (first, second)))
    assert set(seen.values()) == {1}


async def test_a_member_that_leaves_hands_over_at_once(log: EventLog, topic: str) -> None:
    seen: Counter[int] = Counter()
    await log.publish(numbered(topic, 60))
    async with log.reader(GROUP, [topic]) as staying:
        async with log.reader(GROUP, [topic]) as leaving:
            both = (consume(one, seen, lambda: len(seen) == 60) for one in (staying, leaving))
            await asyncio.gather(*both)
        await log.publish(
            [one._replace(value=str(int(one.value) + 60).encode()) for one in numbered(topic, 60)]
        )
        await consume(staying, seen, lambda: len(seen) == 120)
    assert set(seen.values()) == {1}


async def test_a_batch_in_hand_is_finished_before_a_newcomer_gets_its_partitions(
    log: EventLog, topic: str
) -> None:
    await log.publish(numbered(topic, 60))
    async with log.reader(GROUP, [topic]) as old:
        first: list[Record] = []
        while len(first) < 60:
            first += await old.read()
        async with log.reader(GROUP, [topic]) as new:
            joining = asyncio.create_task(new.read(timeout=2))
            await asyncio.sleep(1)
            await old.commit()
            assert not await joining
            await log.publish(numbered(topic, 60))
            seen: Counter[int] = Counter()
            await asyncio.gather(*(consume(one, seen, lambda: len(seen) == 60) for one in (old, new)))
            assert set(seen.values()) == {1}


async def test_the_batch_of_a_killed_member_goes_to_the_others(
    log: EventLog, topic: str, start_member: Callable[[], Awaitable[Member]]
) -> None:
    await log.publish(numbered(topic, 60))
    killed = await start_member()
    seen: Counter[int] = Counter()
    async with log.reader(GROUP, [topic]) as other:
        await asyncio.sleep(0.5)
        killed.kill()
        async with asyncio.timeout(SESSION_SECONDS + 5):
            await consume(other, seen, lambda: len(seen) == 60)
    assert set(seen.values()) == {1}


async def test_a_stalled_member_loses_its_partitions_and_its_commit_is_fenced(
    log: EventLog, topic: str, start_member: Callable[[], Awaitable[Member]]
) -> None:
    await log.publish(numbered(topic, 60))
    stalled = await start_member()
    seen: Counter[int] = Counter()
    async with log.reader(GROUP, [topic]) as other:
        os.kill(stalled.pid, signal.SIGSTOP)
        await consume(other, seen, lambda: len(seen) == 60)
        assert stalled.stdin is not None
        stalled.stdin.write(b"commit\n")
        os.kill(stalled.pid, signal.SIGCONT)
        assert await line_of(stalled) == "fenced"
    assert sum((await log.lag(GROUP, [topic])).values()) == 0


async def test_a_member_stuck_in_its_work_is_fenced_and_then_reads_again(
    log_place: LogPlace, log: EventLog, topic: str
) -> None:
    await log.publish(numbered(topic, 60))
    impatient = open_log(log_place, replace(OPTIONS, max_processing=1))
    await impatient.start()
    seen: Counter[int] = Counter()
    async with impatient.reader(GROUP, [topic]) as stuck, log.reader(GROUP, [topic]) as other:
        while not await stuck.read():
            pass
        await asyncio.gather(asyncio.sleep(2.5), consume(other, seen, lambda: len(seen) == 60))
        with pytest.raises(Fenced):
            await stuck.commit()
        await stuck.commit()  # its batch is dropped; there is nothing left to refuse
        assert not await stuck.read(timeout=2)  # it is a member again
        await log.publish(
            [one._replace(value=str(int(one.value) + 60).encode()) for one in numbered(topic, 60)]
        )
        both = (consume(one, seen, lambda: len(seen) == 120) for one in (stuck, other))
        assert all(await asyncio.gather(*both))
    await impatient.stop()
    assert set(seen.values()) == {1}


async def test_a_batch_that_outlasts_the_handover_is_fenced_and_read_by_the_newcomer(
    log_place: LogPlace, log: EventLog, topic: str
) -> None:
    await log.publish(numbered(topic, 60))
    hurried = open_log(log_place, replace(OPTIONS, handover=0.5))
    await hurried.start()
    async with hurried.reader(GROUP, [topic]) as slow:
        held = 0
        while held < 60:
            held += len(await slow.read())
        async with hurried.reader(GROUP, [topic]) as new:
            seen: Counter[int] = Counter()
            reading = asyncio.create_task(consume(new, seen, lambda: bool(seen)))
            async with asyncio.timeout(10):
                await reading
            with pytest.raises(Fenced):
                await slow.commit()
            await asyncio.gather(*(consume(one, seen, lambda: len(seen) == 60) for one in (slow, new)))
    await hurried.stop()
    assert set(seen.values()) == {1}
