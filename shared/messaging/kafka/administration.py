"""Topics and lag. Each call has a connection of its own: they are rare, and nothing is left to go stale."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.structs import TopicPartition as KafkaPartition

from shared.kafka_access import KafkaAccess
from shared.messaging.log import LogError, LogOptions, LogUnavailable
from shared.messaging.pauses import pauses
from shared.messaging.records import TopicPartition

_ANSWER_SECONDS = 10


@asynccontextmanager
async def administrator(servers: str, access: KafkaAccess) -> AsyncIterator[AIOKafkaAdminClient]:
    """Kafka's errors inside come out as LogUnavailable if they may pass, otherwise as LogError."""
    client = AIOKafkaAdminClient(**access.clients(servers), request_timeout_ms=_ANSWER_SECONDS * 1000)
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await client.start()
            yield client
    except KafkaError as failure:
        kind = LogUnavailable if failure.retriable else LogError
        raise kind(f"Kafka at {servers}: {failure!r}") from failure
    except (OSError, TimeoutError) as failure:
        raise LogUnavailable(f"Kafka at {servers}: {failure!r}") from failure
    finally:
        await client.close()


async def ping(servers: str, access: KafkaAccess) -> None:
    async with administrator(servers, access) as client:
        await client.describe_cluster()


async def ensure_topics(servers: str, topics: Sequence[str], partitions: int, options: LogOptions) -> None:
    async with administrator(servers, options.access) as client:
        there = set(await client.list_topics())
        missing = [topic for topic in dict.fromkeys(topics) if topic not in there]
        if not missing:
            return
        brokers = len((await client.describe_cluster())["brokers"])
        copies = min(options.replication, brokers)
        answer = await client.create_topics(
            [NewTopic(topic, partitions, copies, topic_configs=_settings(options)) for topic in missing]
        )
        for topic, code, *message in answer.topic_errors:
            # Another service may have made it in the meantime.
            if code not in (0, TopicAlreadyExistsError.errno):
                raise LogError(f"topic {topic} cannot be made: {for_code(code).__name__} {message}")
        for pause in pauses():
            if not any(topic["error_code"] for topic in await client.describe_topics(missing)):
                return
            await asyncio.sleep(pause)


def _settings(options: LogOptions) -> dict[str, str]:
    return {
        # The log's own clock, so that a replayed record is as young as its copy.
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": str(int(options.retention.total_seconds() * 1000)),
    }


async def lag(
    servers: str, group: str, topics: Sequence[str], access: KafkaAccess
) -> Mapping[TopicPartition, int]:
    async with administrator(servers, access) as client:
        partitions = await partitions_of(client, topics)
        known = await client.list_consumer_group_offsets(group)
        consumer = AIOKafkaConsumer(**access.clients(servers))
        try:
            await consumer.start()
            ends = await consumer.end_offsets(partitions)
            beginnings = await consumer.beginning_offsets(partitions)
        finally:
            await consumer.stop()
    committed = {partition: entry.offset for partition, entry in known.items()}
    return {
        TopicPartition(*partition): ends[partition] - max(committed.get(partition, 0), beginnings[partition])
        for partition in partitions
    }


async def partitions_of(client: AIOKafkaAdminClient, topics: Iterable[str]) -> list[KafkaPartition]:
    """All partitions of those topics that exist."""
    described = await client.describe_topics(list(topics))
    return [
        KafkaPartition(topic["topic"], partition["partition"])
        for topic in described
        if not topic["error_code"]
        for partition in topic["partitions"]
    ]
