"""After a restore the platform's groups read nothing of ours that the log still tells, and all of the district's."""

import asyncio
import itertools
import os
from datetime import UTC, datetime, timedelta

import pytest

from shared.backups.failures import InUse
from shared.backups.offsets import KafkaOffsets, LocalOffsets, Log
from shared.kafka_access import KafkaAccess
from shared.messaging.log import EventLog
from shared.messaging.records import Record
from tests.support.event_logs import LogPlace

_numbers = itertools.count(1)


@pytest.fixture
def offsets(log_place: LogPlace) -> Log:
    if log_place.kafka_bootstrap_servers:
        return KafkaOffsets(log_place.kafka_bootstrap_servers, KafkaAccess())
    return LocalOffsets(str(log_place.local_log_url))


def records(topic: str, count: int, start: int = 0) -> list[Record]:
    return [Record(topic, f"{n}".encode(), f"{topic} {n}".encode()) for n in range(start, start + count)]


async def read(log: EventLog, group: str, topics: list[str], count: int) -> list[bytes]:
    """As many as there should be, and a look for more."""
    found: list[Record] = []
    async with log.reader(group, topics) as reader:
        async with asyncio.timeout(30):
            while len(found) < count:
                found += await reader.read(500, 0.5)
        found += await reader.read(500, 1.0)
        await reader.commit()
    return sorted(record.value for record in found)


async def test_groups_go_on_at_the_end_of_ours_and_begin_again_with_the_districts(
    log: EventLog, offsets: Log
) -> None:
    mark = f"{os.getpid()}-{next(_numbers)}"
    ours, theirs, group = f"intake.{mark}.events", f"district.{mark}.events", f"casework-{mark}"
    topics = [ours, theirs]
    await log.ensure_topics(topics, 3)
    await log.publish([*records(ours, 5), *records(theirs, 5)])
    assert len(await read(log, group, topics, 10)) == 10
    await log.publish(records(ours, 5, 5))

    async with log.reader(group, topics) as reader:
        await reader.read(1, 5.0)
        with pytest.raises(InUse, match=group):
            await offsets.move({group: topics})
    await offsets.move({group: topics, f"new-{mark}": topics})

    await log.publish(records(ours, 1, 10))
    expected = sorted([f"{ours} 10".encode(), *(f"{theirs} {n}".encode() for n in range(5))])
    assert await read(log, group, topics, 6) == expected
    assert await read(log, f"new-{mark}", topics, 6) == expected


async def test_what_was_published_since_a_moment_is_found(log: EventLog, offsets: Log) -> None:
    topic = f"intake.{os.getpid()}-{next(_numbers)}.events"
    await log.ensure_topics([topic], 3)
    await log.publish(records(topic, 5))
    await asyncio.sleep(0.1)
    moment = datetime.now(UTC)
    await asyncio.sleep(0.1)
    assert [record async for record in offsets.since(moment, [topic])] == []
    await log.publish(records(topic, 7, 5))
    found = [record.value async for record in offsets.since(moment, [topic])]
    assert sorted(found) == sorted(record.value for record in records(topic, 7, 5))
    everything = [record async for record in offsets.since(moment - timedelta(hours=1), [topic])]
    assert len(everything) == 12
