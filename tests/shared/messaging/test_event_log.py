"""What every event log promises, run on each of them."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import pytest

from shared.messaging.log import EventLog, LogUnavailable, Reader, RecordTooLarge, UnknownTopic
from shared.messaging.partitioning import partition_of
from shared.messaging.records import MAX_RECORD_BYTES, Record, TopicPartition
from tests.support.event_logs import LogPlace

GROUP = "casework"


def numbered(topic: str, count: int, keys: int = 20, start: int = 0) -> list[Record]:
    """Records whose value is their number, spread over so many keys."""
    return [
        Record(topic, f"key-{number % keys}".encode(), str(number).encode())
        for number in range(start, start + count)
    ]


def numbers(records: Sequence[Record]) -> list[int]:
    return [int(record.value) for record in records]


async def read_all(reader: Reader, count: int, within: float = 15) -> list[Record]:
    """Read, without committing, until so many are there."""
    found: list[Record] = []
    async with asyncio.timeout(within):
        while len(found) < count:
            found += await reader.read()
    return found


async def publish_again_until_stored(log: EventLog, records: Sequence[Record]) -> None:
    """As the relay does."""
    while True:
        try:
            return await log.publish(records)
        except LogUnavailable:
            await asyncio.sleep(0.1)


@pytest.fixture(autouse=True)
async def _topic_made(log: EventLog, topic: str) -> None:
    await log.ensure_topics([topic])


async def test_records_of_one_key_stay_in_order(log: EventLog, topic: str) -> None:
    for start in range(0, 600, 200):
        await log.publish(numbered(topic, 200, start=start))
    async with log.reader(GROUP, [topic]) as reader:
        records = await read_all(reader, 600)
    by_key = defaultdict(list)
    for record in records:
        by_key[record.key].append(int(record.value))
    assert len(by_key) == 20
    assert all(values == sorted(values) and len(values) == 30 for values in by_key.values())


async def test_a_key_goes_where_kafkas_partitioner_sends_it(log: EventLog, topic: str) -> None:
    await log.publish(numbered(topic, 40))
    async with log.reader(GROUP, [topic]) as reader:
        records = await read_all(reader, 40)
    assert all(record.key and record.partition == partition_of(record.key, 6) for record in records)


async def test_offsets_count_up_within_a_partition(log: EventLog, topic: str) -> None:
    await log.publish(numbered(topic, 100))
    async with log.reader(GROUP, [topic]) as reader:
        records = await read_all(reader, 100)
    by_partition = defaultdict(list)
    for record in records:
        by_partition[record.partition].append(record.offset)
    assert all(offsets == list(range(len(offsets))) for offsets in by_partition.values())


async def test_records_come_back_as_they_were_given(log: EventLog, topic: str) -> None:
    every_byte = bytes(range(256))
    given = [
        Record(topic, b"a", b"", (("ce_id", b"1"), ("ce_id", b"2"), ("empty", b""), ("路", every_byte))),
        Record(topic, every_byte, every_byte),
        Record(topic, b"large", b"x" * 900_000, (("ce_type", b"request.filed"),)),
        Record(topic, None, "无键".encode()),
    ]
    await log.publish(given)
    async with log.reader(GROUP, [topic]) as reader:
        records = await read_all(reader, len(given))
    assert {(one.key, one.value, one.headers) for one in records} == {
        (one.key, one.value, one.headers) for one in given
    }
    assert all(one.timestamp is not None and one.timestamp.tzinfo is not None for one in records)


async def test_a_record_that_is_too_large_is_refused_and_its_batch_with_it(log: EventLog, topic: str) -> None:
    huge = Record(topic, b"key", b"x" * MAX_RECORD_BYTES)
    with pytest.raises(RecordTooLarge, match="record 1 of the batch has 1000003 bytes") as refusal:
        await log.publish([Record(topic, b"key", b"small"), huge])
    assert refusal.value.position == 1
    await log.publish([Record(topic, b"key", b"next")])
    async with log.reader(GROUP, [topic]) as reader:
        assert [record.value for record in await read_all(reader, 1)] == [b"next"]


async def test_a_batch_with_an_unknown_topic_is_refused_whole(log: EventLog, topic: str) -> None:
    with pytest.raises(UnknownTopic, match="nowhere"):
        await log.publish([Record(topic, b"key", b"1"), Record("nowhere.events", b"key", b"2")])
    assert set((await log.lag(GROUP, [topic])).values()) == {0}


async def test_nothing_is_published_by_an_empty_batch(log: EventLog, topic: str) -> None:
    await log.publish([])
    async with log.reader(GROUP, [topic]) as reader:
        assert not await reader.read(timeout=0.2)


async def test_making_a_topic_again_changes_nothing(log: EventLog, topic: str) -> None:
    await asyncio.gather(*(log.ensure_topics([topic, f"{topic}.2"], 3) for _ in range(4)))
    counts = await log.lag(GROUP, [topic, f"{topic}.2"])
    assert len([one for one in counts if one.topic == topic]) == 6
    assert len([one for one in counts if one.topic == f"{topic}.2"]) == 3


async def test_a_waiting_reader_is_woken_at_once(log: EventLog, topic: str) -> None:
    async with log.reader(GROUP, [topic]) as reader:
        await log.publish(numbered(topic, 1))
        await read_all(reader, 1)
        waiting = asyncio.create_task(reader.read(timeout=10))
        await asyncio.sleep(0.3)
        started = asyncio.get_running_loop().time()
        await log.publish(numbered(topic, 1))
        assert len(await waiting) == 1
        assert asyncio.get_running_loop().time() - started < 0.5


async def test_a_reader_gives_no_more_than_asked_for(log: EventLog, topic: str) -> None:
    await log.publish(numbered(topic, 50))
    async with log.reader(GROUP, [topic]) as reader:
        batches: list[int] = []
        while sum(batches) < 50:
            batches.append(len(await reader.read(max_records=7)))
    assert max(batches) == 7


async def test_a_group_resumes_from_its_committed_offset(log: EventLog, topic: str) -> None:
    await log.publish(numbered(topic, 30))
    async with log.reader(GROUP, [topic]) as reader:
        await read_all(reader, 30)
        await reader.commit()
    await log.publish(numbered(topic, 30, start=30))
    async with log.reader(GROUP, [topic]) as reader:
        assert sorted(numbers(await read_all(reader, 30))) == list(range(30, 60))


async def test_what_was_not_committed_is_delivered_again(log: EventLog, topic: str) -> None:
    await log.publish(numbered(topic, 30))
    async with log.reader(GROUP, [topic]) as reader:
        first = await read_all(reader, 30)
    async with log.reader(GROUP, [topic]) as reader:
        assert sorted(numbers(await read_all(reader, 30))) == sorted(numbers(first))


async def test_each_group_reads_everything_from_the_oldest_on(log: EventLog, topic: str) -> None:
    await log.publish(numbered(topic, 30))
    async with log.reader(GROUP, [topic]) as one, log.reader("notifications", [topic]) as other:
        assert len(await read_all(one, 30)) == len(await read_all(other, 30)) == 30


async def test_a_group_reads_several_topics(log: EventLog, topic: str) -> None:
    second = f"{topic}.2"
    async with log.reader(GROUP, [topic, second]) as reader:
        assert not await reader.read(timeout=0.1)
        await asyncio.sleep(0.5)
        await log.publish(numbered(topic, 10) + numbered(second, 10))
        records = await read_all(reader, 20)
    assert {record.topic for record in records} == {topic, second}


async def test_lag_counts_what_is_not_committed(log: EventLog, topic: str) -> None:
    await log.publish(numbered(topic, 30))
    lag = await log.lag(GROUP, [topic, "nowhere.events"])
    assert set(lag) == {TopicPartition(topic, number) for number in range(6)}
    assert sum(lag.values()) == 30
    async with log.reader(GROUP, [topic]) as reader:
        await read_all(reader, 30)
        assert sum((await log.lag(GROUP, [topic])).values()) == 30
        await reader.commit()
        assert sum((await log.lag(GROUP, [topic])).values()) == 0


async def test_a_tail_from_the_start_gives_everything_and_goes_on(log: EventLog, topic: str) -> None:
    await log.publish(numbered(topic, 10))
    tail = log.tail([topic], from_start=True)
    async with asyncio.timeout(10):
        found = [await anext(tail) for _ in range(10)]
        await log.publish(numbered(topic, 5, start=10))
        found += [await anext(tail) for _ in range(5)]
    await tail.aclose()
    assert sorted(numbers(found)) == list(range(15))


async def test_a_tail_from_now_gives_only_what_is_new(log: EventLog, topic: str) -> None:
    await log.publish(numbered(topic, 10))
    tail = log.tail([topic])
    following = asyncio.ensure_future(anext(tail))
    await asyncio.sleep(1)
    await log.publish(numbered(topic, 1, start=10))
    async with asyncio.timeout(10):
        assert numbers([await following]) == [10]
    await tail.aclose()


async def test_a_log_goes_on_when_its_server_was_restarted(
    log: EventLog, log_place: LogPlace, topic: str
) -> None:
    tail = log.tail([topic], from_start=True)
    async with log.reader(GROUP, [topic]) as reader:
        await log.publish(numbered(topic, 20))
        found = set(numbers(await read_all(reader, 20)))
        async with asyncio.timeout(10):
            tailed = [await anext(tail) for _ in range(20)]
        await reader.commit()
        await log_place.restart()
        await publish_again_until_stored(log, numbered(topic, 20, start=20))
        async with asyncio.timeout(30):
            while len(found) < 40:
                found |= set(numbers(await reader.read()))
            tailed += [await anext(tail) for _ in range(20)]
    await tail.aclose()
    assert found == set(range(40))
    assert set(numbers(tailed)) == found
    await log.ping()
