"""What consumers read next, after the databases went back in time and the log did not.

Beyond the moment of the backup the log tells what the restored databases do not know: facts that are lost, under
numbers that will be given to others. So the platform's groups do not read it: of the services' own topics they go on
at the end, and the outboxes send again what is true. What others publish (the district) is in no outbox of ours, and is
read again from its beginning; who has it drops it.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from shared.backups.cutting import connected
from shared.backups.failures import BackupFailed, InUse, NoSuchDatabase
from shared.contracts.catalogue import SERVICES
from shared.kafka_access import KafkaAccess
from shared.messaging.kafka.administration import administrator, partitions_of
from shared.messaging.kafka.records import received
from shared.messaging.local.fetching import unpack_headers
from shared.messaging.log import LogError, LogUnavailable
from shared.messaging.pauses import pauses
from shared.messaging.records import Record

Groups = Mapping[str, Sequence[str]]
"""Consumer groups and their topics."""

_STILL = "the groups {} still have members: stop the services first"
_PATIENCE_SECONDS = 60.0
_EMPTY = {"Empty", "Dead", ""}

_LOCAL_MEMBERS = (
    "SELECT DISTINCT group_name FROM event_log.member m WHERE event_log.is_alive(m) AND group_name = ANY ($1)"
)
_LOCAL_MOVE = """
INSERT INTO event_log.committed (group_name, partition_id, "offset")
SELECT $1, id, CASE WHEN split_part(topic, '.', 1) = ANY ($3) THEN next_offset ELSE first_offset END
FROM event_log.partition WHERE topic = ANY ($2)
ON CONFLICT (group_name, partition_id) DO UPDATE SET "offset" = excluded."offset"
"""
_LOCAL_SINCE = """
SELECT topic, number, "offset", key, value, headers, stored_at FROM event_log.record
JOIN event_log.partition ON partition.id = partition_id
WHERE topic = ANY ($1) AND stored_at >= $2 ORDER BY partition_id, "offset"
"""


class Log(Protocol):
    async def move(self, groups: Groups) -> None:
        """Let each group go on as said above. Raises InUse, BackupFailed."""

    def since(self, moment: datetime, topics: Sequence[str]) -> AsyncGenerator[Record, None]:
        """What was published at that moment or later, up to now. Raises BackupFailed."""


class KafkaOffsets:
    """On Apache Kafka, as an account that may read and write the groups."""

    def __init__(self, servers: str, access: KafkaAccess) -> None:
        self._servers = servers
        self._access = access

    async def move(self, groups: Groups) -> None:
        """Waits for a broker that is only just made: it looks for who keeps the groups when it is asked for the first time."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        for pause in pauses():
            try:
                await self._move(groups)
            except (KafkaError, LogError, OSError) as failure:
                passes = isinstance(failure, LogUnavailable) or getattr(failure, "retriable", False)
                if not passes or time.monotonic() > deadline:
                    raise BackupFailed(f"Kafka at {self._servers}: {failure!r}") from None
            else:
                return
            await asyncio.sleep(pause)

    async def _move(self, groups: Groups) -> None:
        async with administrator(self._servers, self._access) as admin:
            await _refuse_members(admin, list(groups))
            places = {group: await partitions_of(admin, topics) for group, topics in groups.items()}
        for group, partitions in places.items():
            if partitions:
                await self._commit(group, partitions)

    async def since(self, moment: datetime, topics: Sequence[str]) -> AsyncGenerator[Record, None]:
        consumer = AIOKafkaConsumer(**self._access.clients(self._servers), enable_auto_commit=False)
        try:
            async with administrator(self._servers, self._access) as admin:
                partitions = await partitions_of(admin, topics)
            await consumer.start()
            ends = await consumer.end_offsets(partitions)
            milliseconds = int(moment.timestamp() * 1000)
            starts = await consumer.offsets_for_times(dict.fromkeys(partitions, milliseconds))
            left = {place for place in partitions if starts[place] and starts[place].offset < ends[place]}
            if not left:
                return
            consumer.assign(list(left))
            for place in left:
                consumer.seek(place, starts[place].offset)
            while left:
                found = await consumer.getmany(*left, timeout_ms=1000)
                for place, records in found.items():
                    for record in records:
                        if record.offset < ends[place]:
                            yield received(record)
                for place in list(left):
                    if await consumer.position(place) >= ends[place]:
                        left.discard(place)
        except (KafkaError, LogError, OSError) as failure:
            raise BackupFailed(f"Kafka at {self._servers}: {failure!r}") from None
        finally:
            await consumer.stop()

    async def _commit(self, group: str, partitions: Sequence[TopicPartition]) -> None:
        consumer = AIOKafkaConsumer(
            **self._access.clients(self._servers), group_id=group, enable_auto_commit=False
        )
        await consumer.start()
        try:
            consumer.assign(partitions)  # not a subscription, so it does not join
            ours = [place for place in partitions if _is_ours(place.topic)]
            others = [place for place in partitions if not _is_ours(place.topic)]
            wanted = {**await consumer.end_offsets(ours), **await consumer.beginning_offsets(others)}
            await consumer.commit(wanted)
        finally:
            await consumer.stop()


class LocalOffsets:
    """On the local log, by its database's URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def move(self, groups: Groups) -> None:
        with suppress(NoSuchDatabase):  # nothing was ever published
            await self._move(groups)

    async def _move(self, groups: Groups) -> None:
        async with connected(self._url) as connection, connection.transaction():
            if await connection.fetchval("SELECT to_regclass('event_log.committed') IS NULL"):
                return
            members = [row[0] for row in await connection.fetch(_LOCAL_MEMBERS, list(groups))]
            if members:
                raise InUse(_STILL.format(", ".join(sorted(members))))
            for group, topics in groups.items():
                await connection.execute(_LOCAL_MOVE, group, list(topics), list(SERVICES))

    async def since(self, moment: datetime, topics: Sequence[str]) -> AsyncGenerator[Record, None]:
        with suppress(NoSuchDatabase):
            async for record in self._since(moment, topics):
                yield record

    async def _since(self, moment: datetime, topics: Sequence[str]) -> AsyncGenerator[Record, None]:
        async with connected(self._url) as connection, connection.transaction():
            if await connection.fetchval("SELECT to_regclass('event_log.record') IS NULL"):
                return
            async for row in connection.cursor(_LOCAL_SINCE, list(topics), moment.astimezone(UTC)):
                topic, partition, offset, key, value, headers, stored_at = row
                yield Record(topic, key, value, unpack_headers(headers), partition, offset, stored_at)


async def _refuse_members(admin: AIOKafkaAdminClient, groups: Sequence[str]) -> None:
    busy = []
    for (
        group
    ) in groups:  # one by one: aiokafka 0.14 asks for two in a form at which Kafka 4 closes the connection
        for answer in await admin.describe_consumer_groups([group]):
            busy += [name for _error, name, state, *_ in answer.groups if state not in _EMPTY]
    if busy:
        raise InUse(_STILL.format(", ".join(sorted(busy))))


def _is_ours(topic: str) -> bool:
    return topic.split(".", 1)[0] in SERVICES


__all__ = ["Groups", "KafkaOffsets", "LocalOffsets", "Log"]
