"""What was committed is published, in the order of its stream, by one relay at a time, whatever dies."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.database import Database, new_id
from shared.database.provision import Access
from shared.messaging import measures
from shared.messaging.envelope import Envelope
from shared.messaging.local.log import LocalLog
from shared.messaging.log import LogUnavailable
from shared.messaging.outbox import record
from shared.messaging.records import Record
from shared.messaging.relay import Relay
from tests.support.consumers import bench, everything
from tests.support.messaging import TENANT, TOPIC, eventually, withdrawn


class FragileLog:
    """A real log in front of which the connection can fail: before a batch is stored, or after."""

    def __init__(self, log: LocalLog) -> None:
        self._log = log
        self.down = False
        self.lose_answers = 0
        self.batches: list[int] = []

    async def publish(self, records: Sequence[Record]) -> None:
        if self.down:
            raise LogUnavailable("away")
        await self._log.publish(records)
        self.batches.append(len(records))
        if self.lose_answers:
            self.lose_answers -= 1
            raise LogUnavailable("stored, and the answer lost")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


@pytest.fixture
async def log(local_log: LocalLog) -> FragileLog:
    await local_log.ensure_topics([TOPIC], 3)
    return FragileLog(local_log)


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[Relay]:
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def published(log: FragileLog) -> list[Envelope]:
    """All there is in the log."""
    found: list[Envelope] = []
    async with log._log.reader(f"look-{new_id()}", [TOPIC]) as reader:
        while records := await reader.read(1000, timeout=0.4):
            found.extend(map(Envelope.from_record, records))
    return found


def sequences(envelopes: Sequence[Envelope]) -> dict[UUID, list[int]]:
    found: dict[UUID, list[int]] = defaultdict(list)
    for envelope in envelopes:
        found[envelope.subject].append(envelope.sequence)
    return found


async def unsent(database: Database) -> int:
    return len(await everything(database, "outbox_unsent"))


async def test_a_commit_is_published_within_a_moment_and_marked(database: Database, log: FragileLog) -> None:
    async with running(Relay(database, log, "intake")):
        await asyncio.sleep(0.3)  # idle by now
        began = asyncio.get_running_loop().time()
        async with database.transaction(TENANT) as session:
            await record(session, withdrawn())
        await eventually(lambda: none_unsent(database))
        assert (
            asyncio.get_running_loop().time() - began < 1
        )  # it was woken: it looks by itself every five seconds
    (row,) = await everything(database, "outbox")
    (event,) = await published(log)
    assert event.id == row["id"]
    assert event.data == row["data"]
    assert (event.sequence, event.tenant, event.source) == (1, TENANT, "urn:longxi:service:intake")


async def none_unsent(database: Database) -> bool:
    return await unsent(database) == 0


async def test_order_within_an_aggregate_is_kept_while_many_write(
    database: Database, log: FragileLog
) -> None:
    aggregates = [new_id() for _ in range(5)]

    async def write() -> None:
        for turn in range(40):
            async with database.transaction(TENANT) as session:
                await record(session, *(withdrawn(aggregates[(turn + add) % 5]) for add in range(3)))

    async with running(Relay(database, log, "intake", batch=17)):
        await asyncio.gather(*(write() for _ in range(4)))
        await eventually(lambda: none_unsent(database))
    found = sequences(await published(log))
    assert found == {one: list(range(1, 97)) for one in aggregates}


async def test_a_second_relay_waits_and_takes_over_when_the_first_is_killed(
    database: Database, log: FragileLog
) -> None:
    first = asyncio.create_task(Relay(database, log, "intake").run())
    await eventually(lambda: locked(database))
    async with running(Relay(database, log, "intake")):
        async with database.transaction(TENANT) as session:
            await record(session, withdrawn())
        await eventually(lambda: none_unsent(database))
        began = asyncio.get_running_loop().time()
        first.cancel()
        await kill_the_active(database)
        async with database.transaction(TENANT) as session:
            await record(session, withdrawn())
        await eventually(lambda: none_unsent(database))
        assert asyncio.get_running_loop().time() - began < 2
        assert first.done()
    assert len(await published(log)) == 2


_LOCKED = """
FROM pg_locks WHERE locktype = 'advisory' AND database = (
    SELECT oid FROM pg_database WHERE datname = current_database()
)
"""


async def locked(database: Database) -> bool:
    return bool(await database.statement(f"SELECT pid {_LOCKED}"))


async def kill_the_active(database: Database) -> None:
    await database.statement(f"SELECT pg_terminate_backend(pid) {_LOCKED}")


async def test_a_crash_between_publishing_and_marking_publishes_twice_and_applies_once(
    database: Database, log: FragileLog
) -> None:
    request = new_id()
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn(request), withdrawn(request))
    log.lose_answers = 1
    async with running(Relay(database, log, "intake")):
        await eventually(lambda: none_unsent(database))
    events = await published(log)
    assert sequences(events) == {request: [1, 2, 1, 2]}
    consumer = await bench(database)
    await consumer.take([event.to_record(TOPIC) for event in events])
    assert await consumer.effects() == {request: [1, 2]}


async def test_the_log_may_be_away(database: Database, log: FragileLog) -> None:
    log.down = True
    async with running(Relay(database, log, "intake")):
        async with database.transaction(TENANT) as session:
            await record(session, withdrawn())
        await asyncio.sleep(0.5)
        assert await unsent(database) == 1
        log.down = False
        await eventually(lambda: none_unsent(database))
    assert len(await published(log)) == 1


async def test_stopping_publishes_what_is_recorded(database: Database, log: FragileLog) -> None:
    relay = Relay(database, log, "intake", batch=10)
    async with database.transaction(TENANT) as session:
        await record(session, *(withdrawn() for _ in range(95)))
    task = asyncio.create_task(relay.run())
    await eventually(lambda: locked(database))
    relay.stop()
    async with asyncio.timeout(10):
        await task
    assert await unsent(database) == 0
    assert len(await published(log)) == 95


async def test_a_late_commit_with_a_lower_position_is_not_passed_over(
    database: Database, log: FragileLog
) -> None:
    early, late = new_id(), new_id()
    async with running(Relay(database, log, "intake")):
        async with database.transaction(TENANT) as slow:
            await record(slow, withdrawn(early))
            async with database.transaction(TENANT) as quick:
                await record(quick, withdrawn(late))
            await eventually(lambda: marked(database, late))
        await eventually(lambda: none_unsent(database))
    assert sequences(await published(log)) == {early: [1], late: [1]}


async def test_a_late_commit_is_published_by_a_relay_that_came_after(
    database: Database, log: FragileLog
) -> None:
    early, late = new_id(), new_id()
    async with database.transaction(TENANT) as slow:
        await record(slow, withdrawn(early))
        async with database.transaction(TENANT) as quick:
            await record(quick, withdrawn(late))
        async with running(Relay(database, log, "intake")):
            await eventually(lambda: marked(database, late))
        assert gaps(await progress(database)) == [(1, 1)]
    async with running(Relay(database, log, "intake")):
        await eventually(lambda: none_unsent(database))
    assert sequences(await published(log)) == {early: [1], late: [1]}


async def test_what_is_rolled_back_is_not_published_and_not_looked_for_for_ever(
    database: Database, log: FragileLog
) -> None:
    kept = new_id()

    async def closed() -> bool:
        async with database.transaction(TENANT) as session:
            await record(session, withdrawn(kept))
        await eventually(lambda: none_unsent(database))
        return not gaps(await progress(database))

    async with running(Relay(database, log, "intake")):
        with suppress(Undone):
            async with database.transaction(TENANT) as session:
                await record(session, withdrawn(), withdrawn())
                async with database.transaction(TENANT) as other:
                    await record(other, withdrawn(kept))
                await eventually(lambda: marked(database, kept))
                raise Undone
        await eventually(closed)
    assert sequences(await published(log)).keys() == {kept}


class Undone(Exception):
    pass


async def test_nothing_is_lost_and_nothing_sent_twice_while_many_write_roll_back_and_dawdle(
    database: Database, log: FragileLog
) -> None:
    committed: dict[UUID, list[int]] = {}

    async def write(seed: int) -> None:
        luck = random.Random(seed)  # noqa: S311 - chance for a test
        for _ in range(15):
            mine = [new_id() for _ in range(luck.randrange(1, 5))]
            with suppress(Undone):
                async with database.transaction(TENANT) as session:
                    await record(session, *map(withdrawn, mine))
                    await asyncio.sleep(luck.choice([0, 0, 0.001, 0.05]))
                    if luck.random() < 0.3:
                        raise Undone
                committed.update({one: [1] for one in mine})

    async with running(Relay(database, log, "intake", batch=3)):
        await asyncio.gather(*map(write, range(8)))
        await eventually(lambda: none_unsent(database))
    assert sequences(await published(log)) == committed


_WAITING = """
SELECT backend_xid IS NOT NULL AS numbered FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
_BARE_INSERT = """
WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', 'longxi', true))
INSERT INTO outbox (id, topic, aggregate, sequence, type, time, correlation, dataschema, data)
SELECT $1, 'intake.events', $1, 1, 'request.withdrawn', now(), $1, '', '' FROM scope
"""


async def test_a_transaction_has_its_number_before_its_event_has_a_position(
    database: Database, messaging_access: Access
) -> None:
    """The relay concludes from the numbers of transactions which positions may still come."""
    owner = await asyncpg.connect(messaging_access.owner_url)
    async with owner.transaction():
        await owner.execute("ALTER SEQUENCE outbox_position_seq INCREMENT BY 1")  # nobody gets a position now
        insert = asyncio.create_task(database.statement(_BARE_INSERT, new_id()))

        async def waiting() -> bool:
            return bool(await database.statement(_WAITING))

        await eventually(waiting)
        assert [row["numbered"] for row in await database.statement(_WAITING)] == [True]
    await insert
    await owner.close()


async def progress(database: Database) -> Any:
    (row,) = await everything(database, "outbox_progress")
    return row


def gaps(progress: Any) -> list[tuple[int, int]]:
    return [(gap.lower, gap.upper - 1) for gap in progress["gaps"]]


async def marked(database: Database, aggregate: UUID) -> bool:
    rows = await everything(database, "outbox_unsent")
    return aggregate not in {row["aggregate"] for row in rows}


async def test_a_backlog_that_cannot_be_published_is_seen_to_grow(
    database: Database, log: FragileLog
) -> None:
    name, log.down = f"parcel-{new_id()}", True

    async def unsent() -> float:
        return float(measures.UNSENT.labels(service=name)._value.get())

    async def is_seen(count: int) -> bool:
        return await unsent() == count

    async with running(Relay(database, log, name)):
        for total in (1, 2):
            async with database.transaction(TENANT) as session:
                await record(session, withdrawn())
            await eventually(lambda total=total: is_seen(total))  # type: ignore[misc]  # bound now, not later
        log.down = False
        await eventually(lambda: is_seen(0))
