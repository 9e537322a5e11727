"""The relay: publishes what is recorded in the outbox, in order, within milliseconds of the commit.

One relay of a service is active, by an advisory lock of its own connection; the others wait for the lock and take over
when that connection ends, however it ends. A NOTIFY at each commit wakes it. It reads the unsent in the order of
positions, publishes them and marks them; while one batch is on its way to the log, the batch before is marked and the
next one read. A crash between publishing and marking publishes again, and inboxes drop what they have.

Not "read on from the last position": a transaction that commits late would be passed over. Always the unsent.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeAlias

import asyncpg

from shared.database import EVERYWHERE, Database
from shared.messaging import measures
from shared.messaging.envelope import ReplayMark, source_of, write_record
from shared.messaging.log import EventLog
from shared.messaging.records import Record
from shared.messaging.replay import COLUMNS, next_step, note_progress
from shared.observing import get_logger
from shared.retrying import forever

_log = get_logger(__name__)
_Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_Rows: TypeAlias = Sequence[asyncpg.Record]

_STANDBY_SECONDS = 0.2
_IDLE_SECONDS = 5.0
"""How often an idle relay looks without being woken, for a connection that died without a word; and how often a backlog is counted."""
_BATCHES_BEFORE_A_REPLAY = 10
_DRAIN_SECONDS = 10.0

# Not the waiting form: a statement that waits holds a snapshot, for days perhaps, and vacuum could remove nothing.
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
_SCOPE = "SELECT set_config('longxi.tenant', $1, false)"
# The index of the unsent is in the order we want. The planner expects few rows of it to pass row-level security, and
# would read and sort the whole backlog for each batch of it.
_PLANNING = """
SET enable_sort = off; SET enable_bitmapscan = off; SET enable_seqscan = off; SET plan_cache_mode = force_custom_plan
"""
_UNSENT = f"SELECT {COLUMNS} FROM outbox WHERE sent_at IS NULL AND position <> ALL($1::bigint[]) ORDER BY position LIMIT $2"  # noqa: S608
_MARK = """
UPDATE outbox SET sent_at = now()
WHERE position = ANY($1::bigint[]) AND sent_at IS NULL AND recorded_at BETWEEN $2 AND $3
"""
_BACKLOG = """
SELECT count(*) AS unsent, coalesce(extract(epoch FROM now() - min(recorded_at)), 0)::float8 AS age
FROM outbox WHERE sent_at IS NULL
"""


class Relay:
    """Any number may run for a service; one works."""

    def __init__(self, database: Database, log: EventLog, service: str, *, batch: int = 1000) -> None:
        self._database = database
        self._event_log = log
        self._service = service
        self._batch = batch
        self._measured = 0.0
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until `stop` or cancellation; survives the loss of the database and of the log."""
        await forever(f"relay-{self._service}", self._lead, sleep=self._sleep)

    def stop(self) -> None:
        """Publish what is recorded, for at most ten seconds, and let `run` return."""
        self._stopping.set()
        self._wake.set()

    async def _lead(self) -> None:
        if self._stopping.is_set():
            return
        connection = await self._database.connect()
        active = measures.LEADING.labels(service=self._service)
        try:
            await connection.execute(_SCOPE, EVERYWHERE)
            await connection.execute(_PLANNING)
            while not await connection.fetchval(_LOCK, f"relay:{self._service}"):
                await self._sleep(_STANDBY_SECONDS)
                if self._stopping.is_set():
                    return
            active.set(1)
            _log.info("relay is active", service=self._service)
            await connection.add_listener("outbox", self._woken)
            connection.add_termination_listener(self._woken)
            await self._work(connection)
        finally:
            active.set(0)
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=2)

    async def _work(self, connection: _Connection) -> None:
        # Also after each failure: a backlog that cannot be published is seen to grow.
        await self._measure(connection)
        turns = 0
        while not self._stopping.is_set():
            self._wake.clear()
            more = await self._publish_unsent(connection, _BATCHES_BEFORE_A_REPLAY)
            await self._note_backlog(connection, more=more)
            turns += 1
            if self._wake.is_set() and turns < _BATCHES_BEFORE_A_REPLAY:
                continue  # somebody committed meanwhile, and waits
            turns = 0
            more = await self._replay(connection) or more
            if not more:
                await self._idle()
        async with asyncio.timeout(_DRAIN_SECONDS):
            while await self._publish_unsent(connection, _BATCHES_BEFORE_A_REPLAY):
                pass

    async def _publish_unsent(self, connection: _Connection, most: int) -> bool:
        """At most so many batches. False when nothing is left."""
        sent: _Rows = []
        batch: _Rows = await connection.fetch(_UNSENT, [], self._batch)
        while batch and most:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._publish([record_of(row) for row in batch]))
                following = both.create_task(self._go_on(connection, sent, batch))
            sent, batch, most = batch, following.result(), most - 1
        await _mark(connection, sent)
        return bool(batch)

    async def _go_on(self, connection: _Connection, sent: _Rows, batch: _Rows) -> _Rows:
        """What is done while `batch` is being published."""
        await _mark(connection, sent)
        following: _Rows = await connection.fetch(_UNSENT, [row["position"] for row in batch], self._batch)
        return following

    async def _replay(self, connection: _Connection) -> bool:
        """One step of a replay. False if there is none."""
        step = await next_step(connection, self._batch)
        if step is None:
            return False
        consumer = step.replay["consumer"]
        mark = None if consumer is None else ReplayMark(step.replay["id"], consumer)
        if step.rows:
            await self._publish([record_of(row, mark) for row in step.rows])
        await note_progress(connection, step)
        return True

    async def _publish(self, records: Sequence[Record]) -> None:
        with measures.PUBLISHING.labels(service=self._service).time():
            await self._event_log.publish(records)
        measures.BATCH.labels(service=self._service).observe(len(records))
        measures.PUBLISHED.labels(service=self._service).inc(len(records))

    async def _note_backlog(self, connection: _Connection, *, more: bool) -> None:
        """Counts now and then, and only where there is something: an event would wait for the count."""
        if not more:
            measures.UNSENT.labels(service=self._service).set(0)
            measures.UNSENT_AGE.labels(service=self._service).set(0)
        elif asyncio.get_running_loop().time() - self._measured >= _IDLE_SECONDS:
            await self._measure(connection)

    async def _measure(self, connection: _Connection) -> None:
        self._measured = asyncio.get_running_loop().time()
        row = await connection.fetchrow(_BACKLOG)
        if row is not None:
            measures.UNSENT.labels(service=self._service).set(row["unsent"])
            measures.UNSENT_AGE.labels(service=self._service).set(row["age"])

    async def _idle(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_IDLE_SECONDS):
                await self._wake.wait()

    async def _sleep(self, seconds: float) -> None:
        """Cut short by `stop`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _woken(self, *_: object) -> None:
        self._wake.set()


async def _mark(connection: _Connection, sent: _Rows) -> None:
    if sent:
        times = [row["recorded_at"] for row in sent]
        await connection.execute(_MARK, [row["position"] for row in sent], min(times), max(times))


def record_of(row: asyncpg.Record, replay: ReplayMark | None = None) -> Record:
    """A row of the outbox, with the columns of `COLUMNS`, as it goes to the log."""
    (
        _position,
        _recorded_at,
        id,
        topic,
        subject,
        sequence,
        tenant,
        type,
        time,
        correlation,
        causation,
        traceparent,
        dataschema,
        data,
    ) = row
    return write_record(
        topic,
        id,
        source_of(topic),
        type,
        time,
        subject,
        tenant,
        sequence,
        correlation,
        causation,
        traceparent,
        dataschema,
        data,
        replay,
    )
