"""Publishing whole batches, each acknowledged by all replicas, once in effect by Kafka's idempotence."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from aiokafka.producer.message_accumulator import BatchBuilder

from shared.messaging.log import LogError, LogOptions, LogUnavailable, UnknownTopic
from shared.messaging.partitioning import choose_partitions
from shared.messaging.pauses import pauses
from shared.messaging.records import MAX_RECORD_BYTES, Record
from shared.messaging.sizes import check_sizes

# Under the broker's default limit for a batch, 1,048,588 bytes.
_BATCH_BYTES = 1_030_000
_REQUEST_SECONDS = 10
# Metadata of a topic just made by another is there within milliseconds.
_TOPIC_SECONDS = 3.0


class Publisher:
    """Holds the producer. After any failure it is replaced: its sequence numbers no longer agree with the broker's,
    and what it still holds would go out a second time after the caller's own new attempt.
    """

    def __init__(self, servers: str, options: LogOptions) -> None:
        self._servers = servers
        self._options = options
        self._producer: AIOKafkaProducer | None = None
        self._opening = asyncio.Lock()

    async def publish(self, records: Sequence[Record]) -> None:
        """As `EventLog.publish`."""
        if not records:
            return
        try:
            async with asyncio.timeout(self._options.publish_timeout):
                producer = await self._open()
                await _send(producer, records)
        except LogError:
            raise
        except (TopicAuthorizationFailedError, MessageSizeTooLargeError) as refusal:
            await self._abandon()
            raise LogError(f"Kafka refuses the batch: {refusal!r}") from refusal
        except (KafkaError, OSError, TimeoutError) as failure:
            await self._abandon()
            raise LogUnavailable(f"publishing to Kafka: {failure!r}") from failure

    async def stop(self) -> None:
        if self._producer is not None:
            # What a cancelled publish left behind.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_REQUEST_SECONDS):
                    await self._producer.flush()
        await self._abandon()

    async def _open(self) -> AIOKafkaProducer:
        async with self._opening:
            for pause in pauses():
                if self._producer is not None:
                    break
                producer = AIOKafkaProducer(
                    **self._options.access.clients(self._servers),
                    acks="all",
                    enable_idempotence=True,
                    max_batch_size=_BATCH_BYTES,
                    request_timeout_ms=_REQUEST_SECONDS * 1000,
                    metadata_max_age_ms=int(self._options.topics_seen * 1000),
                )
                try:
                    await producer.start()
                    self._producer = producer
                except (KafkaError, OSError):
                    await producer.stop()
                    await asyncio.sleep(pause)
                except asyncio.CancelledError:
                    await producer.stop()
                    raise
            assert self._producer is not None
            return self._producer

    async def _abandon(self) -> None:
        producer, self._producer = self._producer, None
        if producer is None:
            return
        # Its `stop` would first wait until everything it holds is sent, which with a dead broker is never.
        producer._closed = True
        with contextlib.suppress(KafkaError, OSError):
            await producer._sender.close()
            await producer.client.close()


async def _send(producer: AIOKafkaProducer, records: Sequence[Record]) -> None:
    by_topic: Mapping[str, list[Record]] = defaultdict(list)
    for record in records:
        by_topic[record.topic].append(record)
    by_partition: Mapping[tuple[str, int], list[Record]] = defaultdict(list)
    for topic, theirs in by_topic.items():
        count = await _count_partitions(producer, topic)
        places = choose_partitions([record.key for record in theirs], count)
        for place, record in zip(places, theirs, strict=True):
            by_partition[topic, place].append(record)
    batches = {place: _batches(producer, theirs) for place, theirs in by_partition.items()}
    if any(batch.size() > MAX_RECORD_BYTES for built in batches.values() for batch in built):
        check_sizes(records)  # not always: adding up the headers takes as long as building the batches
    try:
        async with asyncio.TaskGroup() as group:
            for (topic, partition), built in batches.items():
                group.create_task(_send_in_order(producer, topic, partition, built))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures


def _batches(producer: AIOKafkaProducer, records: Sequence[Record]) -> list[BatchBuilder]:
    batches = []
    place = 0
    while place < len(records):
        batch = producer.create_batch()
        while place < len(records):
            record = records[place]
            if not batch.append(
                timestamp=None, key=record.key, value=record.value, headers=list(record.headers)
            ):
                break  # full
            place += 1
        batches.append(batch)
    return batches


async def _send_in_order(
    producer: AIOKafkaProducer, topic: str, partition: int, batches: Iterable[BatchBuilder]
) -> None:
    """One after the other, so that none follows one that failed."""
    for batch in batches:
        await (await producer.send_batch(batch, topic, partition=partition))


async def _count_partitions(producer: AIOKafkaProducer, topic: str) -> int:
    try:
        async with asyncio.timeout(_TOPIC_SECONDS):
            return len(await producer.partitions_for(topic))
    except (TimeoutError, UnknownTopicOrPartitionError):
        # Either there is no such topic or no broker to ask.
        cluster = await producer.client.fetch_all_metadata()
        if topic not in cluster.topics():
            raise UnknownTopic(topic) from None
        return len(cluster.partitions_for_topic(topic))
