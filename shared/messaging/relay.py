"""The relay: publishes what is recorded in the outbox, in order, within milliseconds of the commit.

One relay of a service is active, by an advisory lock of its own connection; the others wait for the lock and take over
when that connection ends, however it ends. A NOTIFY at each commit wakes it. It reads the unsent in the order of
positions, publishes them and notes how far it is; while a full batch is on its way to the log, the batch before is noted
and the next one read. A crash between publishing and noting publishes again, and inboxes drop what they have; so what
comes in a trickle is noted together.

Not "read on from the last position": a transaction that commits late would be passed over. `outbox_progress` says how
it is told from one that was rolled back.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Self, TypeAlias

import asyncpg

from shared.database import EVERYWHERE, Database
from shared.messaging import measures
from shared.messaging.envelope import ReplayMark, source_of, write_record
from shared.messaging.log import EventLog
from shared.messaging.outbox_progress import Progress, Reached
from shared.messaging.records import Record
from shared.messaging.replay import COLUMNS, next_step, note_progress
from shared.messaging.watching import Watch
from shared.observing import get_logger
from shared.retrying import forever

_log = get_logger(__name__)
_Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_Rows: TypeAlias = Sequence[asyncpg.Record]

_POSITION = itemgetter("position")

_BATCH = 500
"""About a quarter of a megabyte. A request of more than half a megabyte is large to a broker with a small heap (G1's humongous objects),
and collecting it took that broker three times the CPU of storing it."""
_STANDBY_SECONDS = 0.2
_IDLE_SECONDS = 5.0
"""How often an idle relay looks without being woken, for a connection that died without a word; and how often a backlog is counted."""
_NOTE_SECONDS = 0.05
"""What was published is noted when nothing comes for so long, or after so long: noting each of two hundred events a second would take
as much as publishing them."""
_BATCHES_BEFORE_A_REPLAY = 10
_DRAIN_SECONDS = 10.0

# Not the waiting form: a statement that waits holds a snapshot, for days perhaps, and vacuum could remove nothing.
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
_SCOPE = "SELECT set_config('longxi.tenant', $1, false)"
# The index on position is in the order we want, and planning for twenty partitions takes longer than reading from them.
# Progress that a crash of the server forgets is a batch published twice, so noting it need not wait for the disk.
_SESSION = """
SET enable_sort = off; SET enable_bitmapscan = off; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan;
SET synchronous_commit = off
"""
# Arrays, since the driver would first ask for the make-up of a multirange.
_PROGRESS = """
SELECT position, ARRAY(SELECT lower(gap) FROM unnest(gaps) AS gap), ARRAY(SELECT upper(gap) - 1 FROM unnest(gaps) AS gap)
FROM outbox_progress
"""
_NEXT = f"SELECT {COLUMNS} FROM outbox WHERE position > $1 ORDER BY position LIMIT $2"  # noqa: S608
# In one snapshot: an event behind a gap may be of the same aggregate as the one in it.
_NEXT_AND_LATE = f"""
(
    SELECT late.* FROM unnest($3::bigint[], $4::bigint[]) AS gap (first, last), LATERAL (
        SELECT {COLUMNS} FROM outbox WHERE position BETWEEN first AND last ORDER BY position LIMIT $2
    ) AS late
    ORDER BY position LIMIT $2
)
UNION ALL ({_NEXT})
"""  # noqa: S608 - made of the constants above
_NOTE = """
UPDATE outbox_progress SET position = $1, gaps = coalesce(
    (SELECT range_agg(int8range(first, last, '[]')) FROM unnest($2::bigint[], $3::bigint[]) AS gap (first, last)), '{}'
) RETURNING
    pg_current_xact_id()::text::bigint AS transaction, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS ended
"""
_BACKLOG = "SELECT unsent, coalesce(oldest, 0) AS age FROM outbox_backlog()"


class Relay:
    """Any number may run for a service; one works."""

    def __init__(
        self,
        database: Database,
        log: EventLog,
        service: str,
        *,
        batch: int = _BATCH,
        watch: Watch | None = None,
    ) -> None:
        """`watch` counts what is published for the first time."""
        self._database = database
        self._event_log = log
        self._service = service
        self._batch = batch
        self._watch = watch or Watch()
        self._measured = 0.0
        self._failed = False
        self._replaying = False
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        measures.begin(service)

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
            await connection.execute(_SESSION)
            while not await connection.fetchval(_LOCK, f"relay:{self._service}"):
                await self._sleep(_STANDBY_SECONDS)
                if self._stopping.is_set():
                    return
            active.set(1)
            _log.info("relay is active", service=self._service)
            await connection.add_listener("outbox", self._notified)
            connection.add_termination_listener(self._woken)
            await self._work(connection)
        finally:
            active.set(0)
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=2)

    async def _work(self, connection: _Connection) -> None:
        if self._failed:
            await self._measure(connection)  # a backlog that cannot be published is seen to grow
        self._failed = True  # if this returns by an error
        self._measured = asyncio.get_running_loop().time()
        outbox = await _Outbox.open(connection, self._batch)
        self._replaying = True  # one may have been left unfinished
        turns = 0
        while not self._stopping.is_set():
            self._wake.clear()
            more = await self._publish_unsent(outbox, _BATCHES_BEFORE_A_REPLAY)
            await self._note_backlog(connection, more=more)
            turns += 1
            if self._wake.is_set() and turns < _BATCHES_BEFORE_A_REPLAY:
                continue  # somebody committed meanwhile, and waits
            turns = 0
            if self._replaying:
                await outbox.note()
                self._replaying = await self._replay(connection)
            if not more and not self._replaying and not await self._woken_within(_NOTE_SECONDS):
                await outbox.note()
                await self._woken_within(_IDLE_SECONDS)
        async with asyncio.timeout(_DRAIN_SECONDS):
            while await self._publish_unsent(outbox, _BATCHES_BEFORE_A_REPLAY):
                pass
            await outbox.note()

    async def _publish_unsent(self, outbox: "_Outbox", most: int) -> bool:
        """At most so many batches. False when nothing is left."""
        if not outbox.batch:
            await outbox.read()
        while outbox.batch and most:
            rows, reached = outbox.batch, outbox.progress.reached
            records = [record_of(row) for row in rows]
            if len(records) < self._batch:
                await self._publish(records)
                outbox.batch = []
            else:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._publish(records))
                    both.create_task(outbox.go_on())
            outbox.published = reached
            self._watch.published(rows)
            most -= 1
        if outbox.overdue:
            await outbox.note()
        return bool(outbox.batch)

    async def _replay(self, connection: _Connection) -> bool:
        """One step of a replay. False if there is none."""
        step = await next_step(connection, self._batch)
        if step is None:
            return False
        consumer = step.replay["consumer"]
        mark = None if consumer is None else ReplayMark(step.replay["id"], consumer)
        if step.rows:
            await self._publish([record_of(row, mark) for row in step.rows])
            measures.REPLAYED.labels(service=self._service).inc(len(step.rows))
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

    async def _woken_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._wake.wait()
        return False

    async def _sleep(self, seconds: float) -> None:
        """Cut short by `stop`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _notified(self, _connection: object, _pid: int, _channel: str, table: object) -> None:
        self._replaying |= table == "outbox_replay"
        self._wake.set()

    def _woken(self, _connection: object) -> None:
        self._wake.set()


class _Outbox:
    """Reads on, ahead of what is published, and notes what is."""

    def __init__(self, connection: _Connection, limit: int, progress: Progress) -> None:
        self.progress = progress
        self.batch: _Rows = []
        """Read and not published."""
        self.published: Reached | None = None
        """What `progress` had reached with the last batch published, until it is noted."""
        self._connection = connection
        self._limit = limit
        self._noted = 0.0

    @property
    def overdue(self) -> bool:
        """Something published has not been noted for long."""
        return self.published is not None and time.monotonic() - self._noted > _NOTE_SECONDS

    @classmethod
    async def open(cls, connection: _Connection, limit: int) -> Self:
        position, firsts, lasts = await connection.fetchrow(_PROGRESS)
        return cls(connection, limit, Progress(position, zip(firsts, lasts, strict=True)))

    async def read(self) -> None:
        progress, limit = self.progress, self._limit
        position, firsts, lasts = progress.reached
        if firsts:
            found = await self._connection.fetch(_NEXT_AND_LATE, position, limit, firsts, lasts)
            found.sort(key=_POSITION)
        else:
            found = await self._connection.fetch(_NEXT, position, limit)
        # All late ones fit in if one that is not late does, or if there is room left.
        whole = len(found) < limit or found[limit - 1]["position"] > position
        self.batch = found[:limit]
        progress.take([row["position"] for row in self.batch], whole=whole)

    async def note(self) -> None:
        if self.published is not None:
            noted = await self._connection.fetchrow(_NOTE, *self.published)
            self.published = None
            self.progress.noted(noted["transaction"], noted["ended"])
            self._noted = time.monotonic()

    async def go_on(self) -> None:
        """What is done while a batch is being published."""
        await self.note()
        await self.read()


def record_of(row: asyncpg.Record, replay: ReplayMark | None = None) -> Record:
    """A row of the outbox, with the columns of `COLUMNS`, as it goes to the log."""
    (
        _position,
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
