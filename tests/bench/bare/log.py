"""The log by hand: aiokafka and nothing on it. Without Apache Kafka the local log, which then is in both figures."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from zlib import crc32

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import CommitFailedError

from shared.messaging.log import open_log
from shared.messaging.records import Record
from tests.bench.child import Report, Task

_WAIT_MS = 200


class Publisher:
    """All acknowledged, whole batches a partition."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def publish(self, records: Sequence[Record]) -> None:
        topic = records[0].topic
        count = len(await self._producer.partitions_for(topic))
        shares = defaultdict(list)
        for record in records:
            shares[crc32(record.key or b"") % count].append(record)
        await asyncio.gather(*(self._send(topic, place, share) for place, share in shares.items()))

    async def _send(self, topic: str, partition: int, records: list[Record]) -> None:
        while records:
            batch = self._producer.create_batch()
            taken = 0
            for record in records:
                headers = list(record.headers)
                if not batch.append(timestamp=None, key=record.key, value=record.value, headers=headers):
                    break
                taken += 1
            records = records[taken:]
            await (await self._producer.send_batch(batch, topic, partition=partition))


@asynccontextmanager
async def publisher(task: Task) -> AsyncIterator["Publisher"]:
    """What a bare relay publishes with."""
    if task.kafka_bootstrap_servers is None:
        log = open_log(task)
        await log.start()
        yield log  # type: ignore[misc]  # publishes alike
        await log.stop()
        return
    producer = AIOKafkaProducer(
        bootstrap_servers=task.kafka_bootstrap_servers,
        acks="all",
        enable_idempotence=True,
        max_batch_size=1_000_000,
    )
    await producer.start()
    yield Publisher(producer)
    await producer.stop()


async def batches(task: Task, report: Report, most: int = 500) -> AsyncIterator[Sequence[Record]]:
    """Up to so many records; the next call commits the place of the last. Until the report is done."""
    if task.kafka_bootstrap_servers is None:
        log = open_log(task)
        await log.start()
        async with log.reader(task.group, [task.topic]) as reader:
            while not report.done.is_set():
                found = await reader.read(most, _WAIT_MS / 1000)
                if found:
                    yield found
                    await reader.commit()
        await log.stop()
        return
    consumer = AIOKafkaConsumer(
        task.topic,
        bootstrap_servers=task.kafka_bootstrap_servers,
        group_id=task.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    while not report.done.is_set():
        fetched = await consumer.getmany(timeout_ms=_WAIT_MS, max_records=most)
        records = [
            Record(task.topic, one.key, one.value, one.headers) for share in fetched.values() for one in share
        ]
        if records:
            yield records
            # A member that joins or leaves takes the place of a batch along; it comes again, and the inbox drops it.
            with contextlib.suppress(CommitFailedError):
                await consumer.commit()
    await consumer.stop()
