"""The inbox: takes events from the log and applies each once.

A batch is one transaction: its ids noted, its new events applied, what the handlers record written, the sequence guard
moved. Only then the log's offsets are committed, those of a trickle together, so a crash brings the last batches again,
and the guard drops them.

If handlers fail, the batch is done again under savepoints, which find the events at fault (see `isolating`); those are
held (see `releasing`) and everything else is applied. The next batch is guarded from the start, until one has no
failure: where one event is poison the next one often is. What savepoints cannot catch, an event that only fails at
commit, is found by halves in transactions of their own. A passing fault is nobody's fault: the same batch again, after a
pause.
"""

import asyncio
import time
from collections.abc import Container, Sequence
from datetime import datetime

from shared.clock import Clock, system_clock
from shared.database import Database
from shared.messaging import measures
from shared.messaging.consumer import Consumer
from shared.messaging.failures import passing
from shared.messaging.gaps import AskFor
from shared.messaging.handlers import Handlers
from shared.messaging.held import HeldLoop
from shared.messaging.inbox_queries import begin_topics
from shared.messaging.log import EventLog, Fenced, Reader
from shared.messaging.records import Record
from shared.messaging.taking import Taken, take
from shared.observing import get_logger
from shared.retrying import Backoff, forever

_log = get_logger(__name__)

_READ_SECONDS = 1.0
_COMMIT_SECONDS = 0.05
"""For so long offsets wait for those of the next batches: committing them takes the log as long as giving out a small batch."""


class Inbox:
    """A service's consumer of `topics`; any number of its workers may run one."""

    def __init__(
        self,
        database: Database,
        log: EventLog,
        service: str,
        handlers: Handlers,
        *,
        topics: Sequence[str],
        tenants: Container[str],
        ask_for: AskFor | None = None,
        clock: Clock = system_clock,
        batch: int = 500,
        attempts: Backoff | None = None,
        asks: Backoff | None = None,
    ) -> None:
        """`ask_for` asks the owner of a topic for missing events; `attempts` and `asks` replace the usual schedules."""
        schedules = {"attempts": attempts, "asks": asks}
        given = {name: schedule for name, schedule in schedules.items() if schedule is not None}
        self.consumer = Consumer(service, handlers, tenants, clock, **given)
        self._database = database
        self._event_log = log
        self._topics = list(topics)
        self._batch = batch
        self._since: dict[str, datetime] = {}
        self._guarded = False
        self._stopping = asyncio.Event()
        self.held = HeldLoop(database, self.consumer, self._since, ask_for)

    async def run(self) -> None:
        """Until `stop` or cancellation; survives the loss of the database and of the log."""
        held = asyncio.create_task(forever(f"held-{self.consumer.name}", self.held.run))
        try:
            await forever(f"inbox-{self.consumer.name}", self._follow)
        finally:
            held.cancel()
            await asyncio.wait([held])

    def stop(self) -> None:
        """Finish the batch at hand, commit it, and let `run` return."""
        self._stopping.set()

    async def begin(self) -> None:
        """Note since when this consumer reads its topics. `run` does it; tests that call `take` do it themselves."""
        async with self._database.everywhere() as session:
            now = self.consumer.clock()
            self._since.update(await begin_topics(session, self.consumer.name, self._topics, now))

    async def _follow(self) -> None:
        await self.begin()
        async with self._event_log.reader(self.consumer.name, self._topics) as reader:
            commit_by: float | None = None
            while not self._stopping.is_set():
                wait = _READ_SECONDS if commit_by is None else max(commit_by - time.monotonic(), 0)
                records = await reader.read(self._batch, wait)
                if records:
                    if not await self._take_until_done(records):
                        return
                    commit_by = commit_by or time.monotonic() + _COMMIT_SECONDS
                if commit_by is not None and time.monotonic() >= commit_by:
                    await self._commit(reader)
                    commit_by = None
            await self._commit(reader)

    async def _take_until_done(self, records: Sequence[Record]) -> bool:
        """False if it was told to stop before they were done: then nothing may be committed any more."""
        failures = 0
        while True:
            try:
                await self.take(records)
            except Exception as error:
                if not passing(error):
                    raise
                failures += 1
                measures.AGAIN.labels(consumer=self.consumer.name).inc()
                _log.warning("batch put off", error=type(error).__name__, failures=failures)
                if await self._stopped_within(self.consumer.again.delay(failures).total_seconds()):
                    return False
            else:
                return True

    async def _commit(self, reader: Reader) -> None:
        try:
            await reader.commit()
        except Fenced:
            # Another member will read these again, and find them applied.
            _log.info("batches were applied after their partitions had moved on")

    async def take(self, records: Sequence[Record]) -> None:
        """Apply these records, or hold those that fail. Raises passing faults only."""
        failure = None
        if not self._guarded:
            try:
                await self._take(records)
            except Exception as error:
                if passing(error):
                    raise
                failure = error
            else:
                return
        try:
            await self._take(records, guarded=True, failure=failure)
        except Exception as error:
            if passing(error):
                raise
            await self._halve(records, error)

    async def _halve(self, records: Sequence[Record], error: Exception) -> None:
        if len(records) == 1:
            await self._take(records, guarded=True, failure=error)
            return
        middle = len(records) // 2
        await self.take(records[:middle])
        await self.take(records[middle:])

    async def _take(
        self, records: Sequence[Record], *, guarded: bool = False, failure: Exception | None = None
    ) -> None:
        started = time.perf_counter()
        async with self._database.unscoped() as session:
            taken = await take(session, self.consumer, records, self._since, guarded=guarded, failure=failure)
        self._guarded = bool(taken.failed)
        self._note(taken, len(records), time.perf_counter() - started)

    def _note(self, taken: Taken, records: int, seconds: float) -> None:
        name = self.consumer.name
        measures.TAKING.labels(consumer=name).observe(seconds)
        measures.TAKEN.labels(consumer=name).observe(records)
        for outcome, number in taken.outcomes.items():
            measures.EVENTS.labels(consumer=name, outcome=outcome).inc(number)
        if taken.newest is not None:
            delay = self.consumer.clock().timestamp() - taken.newest.made / 1000
            measures.DELAY.labels(consumer=name).observe(max(0.0, delay))
        if taken.failed:
            measures.SPLIT.labels(consumer=name).inc()
            errors = sorted({type(failure.error).__name__ for failure in taken.failed})
            _log.warning("events failed and are held", events=len(taken.failed), errors=errors)
        if taken.wake:
            self.held.wake.set()

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stopping.wait()
        except TimeoutError:
            return False
