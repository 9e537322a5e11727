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

from shared.messaging.log import LogError, LogOptions, LogUnavailable, UnknownTopic
from shared.messaging.partitioning import choose_partition
from shared.messaging.pauses import pauses
from shared.messaging.records import Record
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
        check_sizes(records)
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
                    bootstrap_servers=self._servers,
                    acks="all",
                    enable_idempotence=True,
                    max_batch_size=_BATCH_BYTES,
                    request_timeout_ms=_REQUEST_SECONDS * 1000,
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


async def _send(producer: AIOKafkaProducer, records: Iterable[Record]) -> None:
    counts: dict[str, int] = {}
    by_partition: Mapping[tuple[str, int], list[Record]] = defaultdict(list)
    for record in records:
        count = counts.get(record.topic)
        if count is None:
            count = counts[record.topic] = await _count_partitions(producer, record.topic)
        by_partition[record.topic, choose_partition(record.key, count)].append(record)
    sending = [_send_in_order(producer, *place, theirs) for place, theirs in by_partition.items()]
    try:
        async with asyncio.TaskGroup() as group:
            for partition in sending:
                group.create_task(partition)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures


async def _send_in_order(
    producer: AIOKafkaProducer, topic: str, partition: int, records: Sequence[Record]
) -> None:
    """One batch after the other, so that none follows one that failed."""
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
