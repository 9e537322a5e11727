"""The inbox: takes events from the log and applies each once.

A batch is one transaction: its ids noted, its new events applied, what the handlers record written, the sequence guard
moved. Only then the log's offsets are committed, so a crash brings the batch again, and the guard drops it.

If a batch fails, its halves are tried, and theirs, until the event at fault is alone; that one is held (see
`releasing`) and everything else has been applied. A transaction for each half, rather than savepoints in one, also
finds an event that only fails at commit. A passing fault is nobody's fault: the same batch again, after a pause.
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
            while not self._stopping.is_set():
                records = await reader.read(self._batch)
                if records:
                    await self._take_until_done(reader, records)

    async def _take_until_done(self, reader: Reader, records: Sequence[Record]) -> None:
        failures = 0
        while True:
            try:
                await self.take(records)
                break
            except Exception as error:
                if not passing(error):
                    raise
                failures += 1
                measures.AGAIN.labels(consumer=self.consumer.name).inc()
                _log.warning("batch put off", error=type(error).__name__, failures=failures)
                if await self._stopped_within(self.consumer.again.delay(failures).total_seconds()):
                    return
        try:
            await reader.commit()
        except Fenced:
            # Another member will read these again, and find them applied.
            _log.info("batch was applied after its partitions had moved on", records=len(records))

    async def take(self, records: Sequence[Record]) -> None:
        """Apply these records, or hold those that fail. Raises passing faults only."""
        name, started = self.consumer.name, time.perf_counter()
        try:
            async with self._database.everywhere() as session:
                taken = await take(session, self.consumer, records, self._since)
        except Exception as error:
            if passing(error):
                raise
            await self._take_apart(records, error)
            return
        measures.TAKING.labels(consumer=name).observe(time.perf_counter() - started)
        measures.TAKEN.labels(consumer=name).observe(len(records))
        self._note(taken)

    async def _take_apart(self, records: Sequence[Record], error: Exception) -> None:
        if len(records) > 1:
            measures.SPLIT.labels(consumer=self.consumer.name).inc()
            middle = len(records) // 2
            await self.take(records[:middle])
            await self.take(records[middle:])
            return
        _log.warning("event failed and is held", topic=records[0].topic, error=type(error).__name__)
        async with self._database.everywhere() as session:
            taken = await take(session, self.consumer, records, self._since, failure=error)
        self._note(taken)

    def _note(self, taken: Taken) -> None:
        for outcome, number in taken.outcomes.items():
            measures.EVENTS.labels(consumer=self.consumer.name, outcome=outcome).inc(number)
        if taken.due:
            newest = taken.due[-1].received.envelope
            delay = self.consumer.clock().timestamp() - newest.made / 1000
            measures.DELAY.labels(consumer=self.consumer.name).observe(max(0.0, delay))
        if taken.wake:
            self.held.wake.set()

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stopping.wait()
        except TimeoutError:
            return False
