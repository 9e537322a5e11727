"""`EventLog` in PostgreSQL."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg

from shared.messaging.local.connecting import COMMAND_SECONDS, PASSING
from shared.messaging.local.fetching import pack_headers
from shared.messaging.local.reader import LocalReader
from shared.messaging.local.schema import ensure_schema
from shared.messaging.local.tailing import tail
from shared.messaging.log import DEFAULT_PARTITIONS, LogError, LogOptions, LogUnavailable, UnknownTopic
from shared.messaging.partitioning import choose_partition
from shared.messaging.pauses import pauses
from shared.messaging.records import Record, TopicPartition
from shared.messaging.sizes import check_sizes

_CONNECTIONS = 4
_RELEASE_SECONDS = 5
_STATEMENT_RECORDS = 2_000
_STATEMENT_BYTES = 8 * 1024 * 1024
_TRIM_RECORDS = 5_000
_TRIM = """
WITH oldest AS (
    SELECT "offset" FROM event_log.record WHERE partition_id = $1 ORDER BY "offset" LIMIT $3
), dropped AS (
    DELETE FROM event_log.record r USING oldest
    WHERE r.partition_id = $1 AND r."offset" = oldest."offset" AND r.stored_at < $2
    RETURNING r."offset"
), summed AS (
    SELECT count(*) AS records, max("offset") AS last FROM dropped
), moved AS (
    UPDATE event_log.partition p SET first_offset = last + 1 FROM summed WHERE p.id = $1 AND records > 0
)
SELECT records FROM summed
"""


class LocalLog:
    """One database, reached by `url`, whose owner we are. The tables are made at the start."""

    def __init__(self, url: str, options: LogOptions | None = None) -> None:
        self._url = url
        self._options = options or LogOptions()
        self._pool: asyncpg.Pool | None = None
        self._partitions: dict[str, list[int]] = {}

    async def start(self) -> None:
        # Nothing is left on a connection that a reset would have to clear, and it costs a round trip.
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=_CONNECTIONS,
            timeout=10,
            command_timeout=COMMAND_SECONDS,
            reset=_leave_as_is,
        )
        async with self._connection(self._options.connect_timeout) as connection:
            await ensure_schema(connection)

    async def stop(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def ping(self) -> None:
        async with self._connection(within=2) as connection:
            await connection.execute("SELECT")

    async def ensure_topics(self, topics: Sequence[str], partitions: int = DEFAULT_PARTITIONS) -> None:
        async with self._connection() as connection:
            # Sorted, so that two who make the same ones do not wait for each other in a circle.
            for topic in sorted(set(topics)):
                await connection.execute(
                    """
                    WITH new AS (INSERT INTO event_log.topic VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING *)
                    INSERT INTO event_log.partition (topic, number)
                    SELECT name, generate_series(0, partitions - 1) FROM new
                    """,
                    topic,
                    partitions,
                )

    async def publish(self, records: Sequence[Record]) -> None:
        check_sizes(records)
        if not records:
            return
        await self._learn_topics({record.topic for record in records})
        places = [self._place(record) for record in records]
        for batch in _batches(records):
            async with self._connection() as connection:
                await connection.execute(
                    "SELECT event_log.publish($1, $2, $3, $4)",
                    places[batch],
                    [record.key for record in records[batch]],
                    [record.value for record in records[batch]],
                    [pack_headers(record.headers) for record in records[batch]],
                )

    def reader(self, group: str, topics: Sequence[str]) -> LocalReader:
        return LocalReader(self._url, group, topics, self._options, self.ensure_topics)

    async def lag(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        async with self._connection() as connection:
            rows = await connection.fetch(
                """
                SELECT p.topic, p.number, p.next_offset - greatest(coalesce(c."offset", 0), p.first_offset) AS behind
                FROM event_log.partition p
                LEFT JOIN event_log.committed c ON c.partition_id = p.id AND c.group_name = $1
                WHERE p.topic = ANY ($2) ORDER BY p.id
                """,
                group,
                list(topics),
            )
        return {TopicPartition(row["topic"], row["number"]): row["behind"] for row in rows}

    def tail(self, topics: Sequence[str], *, from_start: bool = False) -> AsyncGenerator[Record, None]:
        return tail(self._url, topics, from_start=from_start)

    async def trim(self, before: datetime) -> int:
        """Drop records stored before that time, read or not; how many. In small steps, so nobody waits for it."""
        dropped = 0
        async with self._connection() as connection:
            partitions = await connection.fetch("SELECT id FROM event_log.partition ORDER BY id")
        for row in partitions:
            step = _TRIM_RECORDS
            while step == _TRIM_RECORDS:
                async with self._connection() as connection:
                    step = await connection.fetchval(_TRIM, row["id"], before, _TRIM_RECORDS)
                dropped += step
        return dropped

    async def _learn_topics(self, topics: set[str]) -> None:
        """A topic keeps its partitions for ever, so they are asked for once."""
        unknown = topics - self._partitions.keys()
        if not unknown:
            return
        async with self._connection() as connection:
            rows = await connection.fetch(
                "SELECT topic, array_agg(id ORDER BY number) AS ids FROM event_log.partition"
                " WHERE topic = ANY ($1) GROUP BY topic",
                list(unknown),
            )
        self._partitions |= {row["topic"]: row["ids"] for row in rows}
        missing = topics - self._partitions.keys()
        if missing:
            raise UnknownTopic(", ".join(sorted(missing)))

    def _place(self, record: Record) -> int:
        ids = self._partitions[record.topic]
        return ids[choose_partition(record.key, len(ids))]

    @asynccontextmanager
    async def _connection(self, within: float | None = None) -> AsyncIterator[asyncpg.Connection]:
        """Waits for a server that is on its way up. What fails after that may have happened: LogUnavailable."""
        if self._pool is None:
            raise LogError("the local log is not started")
        try:
            async with asyncio.timeout(self._options.publish_timeout if within is None else within):
                connection = await _acquire(self._pool)
                try:
                    yield connection
                except PASSING:
                    connection.terminate()
                    raise
                finally:
                    await self._pool.release(connection, timeout=_RELEASE_SECONDS)
        except PASSING as failure:
            raise LogUnavailable(f"the local log's database: {failure!r}") from failure


async def _acquire(pool: asyncpg.Pool) -> asyncpg.Connection:
    for pause in pauses():
        try:
            return await pool.acquire()
        except PASSING:
            await asyncio.sleep(pause)
    raise AssertionError("pauses never end")


async def _leave_as_is(connection: asyncpg.Connection) -> None:
    """Used in place of asyncpg's reset."""


def _batches(records: Sequence[Record]) -> Iterator[slice]:
    """Slices that make statements of a bearable size."""
    start = size = 0
    for place, record in enumerate(records):
        if place > start and (size + record.size > _STATEMENT_BYTES or place - start == _STATEMENT_RECORDS):
            yield slice(start, place)
            start, size = place, 0
        size += record.size
    yield slice(start, len(records))
