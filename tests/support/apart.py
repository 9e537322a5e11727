"""An event log of a test's own on a server that others use too: topics and groups have a prefix that nobody sees."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from types import TracebackType
from typing import Self

from shared.messaging.log import DEFAULT_PARTITIONS, EventLog, Reader
from shared.messaging.records import Record, TopicPartition


class Apart:
    """The given log, seen as if nobody else used it."""

    def __init__(self, log: EventLog, prefix: str) -> None:
        self._log = log
        self._prefix = prefix

    async def start(self) -> None:
        await self._log.start()

    async def stop(self) -> None:
        await self._log.stop()

    async def ping(self) -> None:
        await self._log.ping()

    async def ensure_topics(self, topics: Sequence[str], partitions: int = DEFAULT_PARTITIONS) -> None:
        await self._log.ensure_topics(self._there(topics), partitions)

    async def publish(self, records: Sequence[Record]) -> None:
        await self._log.publish([record._replace(topic=self._prefix + record.topic) for record in records])

    def reader(self, group: str, topics: Sequence[str]) -> Reader:
        return _Reader(self._log.reader(self._prefix + group, self._there(topics)), self._prefix)

    async def lag(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        found = await self._log.lag(self._prefix + group, self._there(topics))
        return {
            TopicPartition(place.topic.removeprefix(self._prefix), place.partition): behind
            for place, behind in found.items()
        }

    async def tail(self, topics: Sequence[str], *, from_start: bool = False) -> AsyncGenerator[Record, None]:
        async for record in self._log.tail(self._there(topics), from_start=from_start):
            yield _here(record, self._prefix)

    def _there(self, topics: Sequence[str]) -> list[str]:
        return [self._prefix + topic for topic in topics]


class _Reader:
    def __init__(self, reader: Reader, prefix: str) -> None:
        self._reader = reader
        self._prefix = prefix

    async def __aenter__(self) -> Self:
        await self._reader.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._reader.__aexit__(kind, error, trace)

    async def read(self, max_records: int = 500, timeout: float = 1.0) -> Sequence[Record]:  # noqa: ASYNC109
        return [_here(record, self._prefix) for record in await self._reader.read(max_records, timeout)]

    async def commit(self) -> None:
        await self._reader.commit()


def _here(record: Record, prefix: str) -> Record:
    return record._replace(topic=record.topic.removeprefix(prefix))
