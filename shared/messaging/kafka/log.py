"""`EventLog` on Apache Kafka."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence

from shared.messaging.kafka import administration
from shared.messaging.kafka.publishing import Publisher
from shared.messaging.kafka.reader import KafkaReader
from shared.messaging.kafka.tailing import tail
from shared.messaging.log import DEFAULT_PARTITIONS, LogOptions, LogUnavailable
from shared.messaging.pauses import pauses
from shared.messaging.records import Record, TopicPartition


class KafkaLog:
    """One cluster, reached by `servers` (host:port, several with commas)."""

    def __init__(self, servers: str, options: LogOptions | None = None) -> None:
        self._servers = servers
        self._options = options or LogOptions()
        self._publisher = Publisher(servers, self._options)

    async def start(self) -> None:
        deadline = time.monotonic() + self._options.connect_timeout
        for pause in pauses():
            try:
                await self.ping()
            except LogUnavailable:
                if time.monotonic() + pause > deadline:
                    raise
                await asyncio.sleep(pause)
            else:
                return

    async def stop(self) -> None:
        await self._publisher.stop()

    async def ping(self) -> None:
        await administration.ping(self._servers, self._options.access)

    async def ensure_topics(self, topics: Sequence[str], partitions: int = DEFAULT_PARTITIONS) -> None:
        await administration.ensure_topics(self._servers, topics, partitions, self._options)

    async def publish(self, records: Sequence[Record]) -> None:
        await self._publisher.publish(records)

    def reader(self, group: str, topics: Sequence[str]) -> KafkaReader:
        return KafkaReader(self._servers, group, topics, self._options)

    async def lag(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        return await administration.lag(self._servers, group, topics, self._options.access)

    def tail(self, topics: Sequence[str], *, from_start: bool = False) -> AsyncGenerator[Record, None]:
        return tail(self._servers, topics, self._options.access, from_start=from_start)
