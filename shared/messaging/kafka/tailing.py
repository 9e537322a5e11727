"""Following topics without being a member of a group."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from shared.kafka_access import KafkaAccess
from shared.messaging.kafka.administration import administrator, partitions_of
from shared.messaging.kafka.closing import close
from shared.messaging.kafka.records import received
from shared.messaging.log import LogUnavailable
from shared.messaging.pauses import pauses
from shared.messaging.records import Record


async def tail(
    servers: str, topics: Sequence[str], access: KafkaAccess, *, from_start: bool
) -> AsyncGenerator[Record, None]:
    """Goes on after the last record given when the connection was lost. Topics must exist when it begins."""
    positions: dict[TopicPartition, int] = {}
    waiting = pauses()
    while True:
        consumer = AIOKafkaConsumer(**access.clients(servers), enable_auto_commit=False)
        try:
            await consumer.start()
            await _begin(consumer, servers, access, topics, positions, from_start=from_start)
            waiting = pauses()
            while True:
                found = await consumer.getmany(timeout_ms=1000)
                for partition, records in found.items():
                    for record in records:
                        positions[partition] = record.offset + 1
                        yield received(record)
        except (KafkaError, LogUnavailable):
            await asyncio.sleep(next(waiting))
        finally:
            await close(consumer, "tail")


async def _begin(
    consumer: AIOKafkaConsumer,
    servers: str,
    access: KafkaAccess,
    topics: Sequence[str],
    positions: dict[TopicPartition, int],
    *,
    from_start: bool,
) -> None:
    async with administrator(servers, access) as client:
        partitions = await partitions_of(client, topics)
    consumer.assign(partitions)
    # Asked for now, not at the first fetch: what is published from here on is not missed.
    starts = await (consumer.beginning_offsets if from_start else consumer.end_offsets)(partitions)
    for partition in partitions:
        positions.setdefault(partition, starts[partition])
        consumer.seek(partition, positions[partition])
