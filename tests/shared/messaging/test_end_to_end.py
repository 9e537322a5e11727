"""From the commit in one service to the effect in another, over a real log, while things die."""

import asyncio
from contextlib import suppress
from uuid import UUID

from shared.database import Database, new_id
from shared.messaging.local.log import LocalLog
from shared.messaging.outbox import record
from shared.messaging.relay import Relay
from tests.support.consumers import Bench, bench
from tests.support.messaging import TENANT, TOPIC, eventually, withdrawn


async def finish(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def applied(consumer: Bench, expected: dict[UUID, list[int]]) -> bool:
    return await consumer.effects() == expected


async def tried(consumer: Bench, aggregate: UUID, sequence: int) -> bool:
    return consumer.trouble.attempts[aggregate, sequence] > 0


async def test_every_event_is_applied_once_and_in_order_while_relay_and_consumers_are_killed(
    database: Database, local_log: LocalLog
) -> None:
    await local_log.ensure_topics([TOPIC], 3)
    aggregates = [new_id() for _ in range(12)]
    consumer = await bench(database, log=local_log)

    async def write() -> None:
        for turn in range(60):
            async with database.transaction(TENANT) as session:
                await record(session, *(withdrawn(aggregates[(turn + add) % 12]) for add in range(4)))
            await asyncio.sleep(0.01)

    writing = asyncio.create_task(write())
    for _ in range(4):  # everything dies with no time to tidy up, again and again
        relay = asyncio.create_task(Relay(database, local_log, "intake", batch=20).run())
        other = await bench(database, log=local_log, trouble=consumer.trouble)
        inbox = asyncio.create_task(other.inbox.run())
        await asyncio.sleep(0.6)
        await finish(relay)
        await finish(inbox)
    await writing
    relay = asyncio.create_task(Relay(database, local_log, "intake").run())
    inbox = asyncio.create_task(consumer.inbox.run())
    expected = {one: list(range(1, 21)) for one in aggregates}
    await eventually(lambda: applied(consumer, expected), seconds=40)
    consumer.inbox.stop()
    async with asyncio.timeout(10):
        await inbox
    await finish(relay)
    assert await consumer.held() == []


async def test_a_consumer_survives_the_loss_of_its_database(database: Database, local_log: LocalLog) -> None:
    await local_log.ensure_topics([TOPIC], 1)
    one = new_id()
    consumer = await bench(database, log=local_log)
    relay = asyncio.create_task(Relay(database, local_log, "intake").run())
    inbox = asyncio.create_task(consumer.inbox.run())
    for number in range(1, 6):
        async with database.transaction(TENANT) as session:
            await record(session, withdrawn(one))
        await database.statement(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        expected = {one: list(range(1, number + 1))}
        await eventually(lambda expected=expected: applied(consumer, expected), seconds=30)  # type: ignore[misc]
    await finish(inbox)
    await finish(relay)


async def test_what_was_not_done_when_it_had_to_stop_comes_again(
    database: Database, local_log: LocalLog
) -> None:
    """And what was done before in the same trickle is dropped."""
    await local_log.ensure_topics([TOPIC], 1)
    one = new_id()
    consumer = await bench(database, log=local_log)
    name = consumer.inbox.consumer.name
    consumer.trouble.errors[one, 2] = ConnectionError()
    relay = asyncio.create_task(Relay(database, local_log, "intake").run())
    inbox = asyncio.create_task(consumer.inbox.run())
    for number in (1, 2):
        async with database.transaction(TENANT) as session:
            await record(session, withdrawn(one))
        await eventually(lambda number=number: tried(consumer, one, number))  # type: ignore[misc]
    consumer.inbox.stop()
    async with asyncio.timeout(10):
        await inbox
    assert sum((await local_log.lag(name, [TOPIC])).values()) >= 1
    consumer.trouble.errors.clear()
    other = await bench(database, log=local_log, trouble=consumer.trouble)
    inbox = asyncio.create_task(other.inbox.run())
    await eventually(lambda: applied(other, {one: [1, 2]}))
    other.inbox.stop()
    async with asyncio.timeout(10):
        await inbox
    assert sum((await local_log.lag(name, [TOPIC])).values()) == 0
    await finish(relay)
