"""What only the local log promises: of its database, and of records it drops."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from shared.local.ports import free_port
from shared.messaging.local.fetching import pack_headers, unpack_headers
from shared.messaging.local.log import LocalLog
from shared.messaging.log import LogOptions, LogUnavailable
from shared.messaging.partitioning import partition_of
from shared.messaging.records import Record
from tests.support.event_logs import OPTIONS

TOPIC = "intake.events"


def records(count: int, size: int = 10) -> list[Record]:
    return [Record(TOPIC, f"key-{number}".encode(), b"x" * size) for number in range(count)]


async def test_many_processes_may_start_on_an_empty_database(local_log_url: str) -> None:
    logs = [LocalLog(local_log_url, OPTIONS) for _ in range(8)]
    await asyncio.gather(*(log.start() for log in logs))
    await asyncio.gather(*(log.ensure_topics([TOPIC, "casework.events"]) for log in logs))
    assert len(await logs[0].lag("any", [TOPIC])) == 6
    await asyncio.gather(*(log.stop() for log in logs))


async def test_offsets_have_no_gap_and_no_late_commit_is_skipped(local_log: LocalLog) -> None:
    """Publishers at once, and a reader that remembers only its place."""
    await local_log.ensure_topics([TOPIC], 2)
    publishing = [asyncio.create_task(local_log.publish(records(20))) for _ in range(30)]
    places: dict[int, list[int]] = {0: [], 1: []}
    async with local_log.reader("casework", [TOPIC]) as reader, asyncio.timeout(20):
        while sum(map(len, places.values())) < 600:
            for record in await reader.read(max_records=13):
                places[record.partition].append(record.offset)
    await asyncio.gather(*publishing)
    assert all(offsets == list(range(len(offsets))) for offsets in places.values())


async def test_a_publisher_that_is_cut_off_leaves_nothing_behind(
    local_log: LocalLog, local_log_url: str
) -> None:
    await local_log.ensure_topics([TOPIC], 1)
    other = await asyncpg.connect(local_log_url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("SELECT event_log.publish('{1}', '{NULL}', '{late}', '{\"\"}')")
    waiting = asyncio.create_task(local_log.publish(records(3)))
    await asyncio.sleep(0.2)
    assert not waiting.done()  # behind the one that holds the partition
    await transaction.rollback()
    await other.close()
    await waiting
    async with local_log.reader("casework", [TOPIC]) as reader:
        assert [record.offset for record in await reader.read(timeout=5)] == [0, 1, 2]


async def test_trimmed_records_are_gone_and_readers_go_on_after_them(local_log: LocalLog) -> None:
    await local_log.ensure_topics([TOPIC])
    await local_log.publish(records(12_000))
    assert await local_log.trim(datetime(2020, 1, 1, tzinfo=UTC)) == 0
    await asyncio.sleep(0.01)
    moment = datetime.now(UTC)
    await asyncio.sleep(0.01)
    await local_log.publish(records(5, size=20))
    assert await local_log.trim(moment) == 12_000
    assert sum((await local_log.lag("casework", [TOPIC])).values()) == 5
    async with local_log.reader("casework", [TOPIC]) as reader:
        found: list[Record] = []
        while len(found) < 5:
            found += await reader.read()
        assert all(len(record.value) == 20 for record in found)
        await reader.commit()
    assert await local_log.trim(datetime.now(UTC)) == 5
    await local_log.publish(records(1))
    assert sum((await local_log.lag("casework", [TOPIC])).values()) == 1


async def test_large_records_make_a_batch_shorter(local_log: LocalLog) -> None:
    await local_log.ensure_topics([TOPIC], 1)
    await local_log.publish(records(40, size=900_000))
    async with local_log.reader("casework", [TOPIC]) as reader:
        sizes: list[int] = []
        while sum(sizes) < 40:
            sizes.append(len(await reader.read()))
    assert max(sizes) == 18  # 16 MiB


async def test_a_busy_partition_starves_no_other(local_log: LocalLog) -> None:
    await local_log.ensure_topics([TOPIC])
    busy = Record(TOPIC, b"busy", b"x")
    await local_log.publish([busy] * 1000 + records(6))
    async with local_log.reader("casework", [TOPIC]) as reader:
        partitions: set[int] = set()
        for _ in range(6):
            partitions |= {record.partition for record in await reader.read(max_records=10)}
    assert partitions == {partition_of(record.key or b"", 6) for record in [*records(6), busy]}


async def test_a_database_that_is_not_there_is_said_so() -> None:
    nowhere = f"postgresql://nobody:nothing@127.0.0.1:{free_port()}/nowhere"
    log = LocalLog(nowhere, LogOptions(connect_timeout=0.5, publish_timeout=0.5))
    with pytest.raises(LogUnavailable):
        await log.start()
    with pytest.raises(LogUnavailable):
        await log.publish(records(1))
    async with log.reader("casework", [TOPIC]) as reader:
        assert not await reader.read(timeout=0.3)
        await reader.commit()
    await log.stop()


HEADERS: list[tuple[tuple[str, bytes], ...]] = [
    (),
    (("ce_id", b"1"),),
    (("ce_id", b"1"), ("ce_id", b"2")),  # a name may come twice, as on Kafka
    (("", b""), ("路", bytes(range(256)))),
]


@pytest.mark.parametrize("headers", HEADERS)
def test_headers_lie_in_one_column_and_come_out_the_same(headers: tuple[tuple[str, bytes], ...]) -> None:
    assert unpack_headers(pack_headers(headers)) == headers
