"""Topics that come and go under a member's feet."""

import asyncio
from dataclasses import replace

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from shared.messaging.kafka.log import KafkaLog
from shared.messaging.log import Reader
from shared.messaging.records import Record
from tests.support.event_logs import OPTIONS

pytestmark = pytest.mark.kafka
_GONE_SECONDS = 4.0
"""Until the group has noticed, and holds no partition any more."""


async def test_a_topic_that_was_lost_and_is_declared_anew_is_read_soon(kafka: str, topic: str) -> None:
    """As after the loss of Kafka's disk: the group comes back before its topics do."""
    log = KafkaLog(kafka, replace(OPTIONS, topics_seen=1.0))
    await log.start()
    await log.ensure_topics([topic], 2)
    await log.publish([Record(topic, b"key", b"before")])
    async with log.reader(f"readers of {topic}", [topic]) as reader:
        assert await _next(reader) == b"before"
        await reader.commit()
        await _delete(kafka, topic)
        assert not await reader.read(timeout=_GONE_SECONDS)
        await log.ensure_topics([topic], 2)
        await log.publish([Record(topic, b"key", b"after")])
        assert await _next(reader) == b"after"
        await reader.commit()
    await log.stop()


async def _next(reader: Reader) -> bytes:
    async with asyncio.timeout(30):
        while not (records := await reader.read()):
            pass
    (record,) = records
    return record.value


async def _delete(kafka: str, topic: str) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await client.start()
    await client.delete_topics([topic])
    await client.close()
