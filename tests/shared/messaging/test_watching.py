"""What is published is counted once, in the process that relays; a number that cannot be counted holds up nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from shared.contracts.intake import RequestWithdrawn
from shared.database import Database, new_id
from shared.messaging.envelope import Received
from shared.messaging.local.log import LocalLog
from shared.messaging.outbox import record
from shared.messaging.relay import Relay
from shared.messaging.replay import Selection, request_replay
from shared.messaging.watching import Watch
from tests.support.consumers import everything
from tests.support.messaging import TENANT, TOPIC, eventually, withdrawn
from tests.support.numbers import count, number


class Seen:
    """What was counted."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.events: list[Received[RequestWithdrawn]] = []
        self.fails = False

        @self.watch.on(RequestWithdrawn)
        def withdrawn(event: Received[RequestWithdrawn]) -> None:
            if self.fails:
                raise ValueError("cannot count")
            self.events.append(event)


@pytest.fixture
async def seen(database: Database, local_log: LocalLog) -> AsyncIterator[Seen]:
    await local_log.ensure_topics([TOPIC], 2)
    seen = Seen()
    task = asyncio.create_task(Relay(database, local_log, "intake", batch=4, watch=seen.watch).run())
    yield seen
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def none_unsent(database: Database) -> None:
    async def none() -> bool:
        return not await everything(database, "outbox_unsent")

    await eventually(none)


async def test_each_event_is_counted_once_when_it_is_published(database: Database, seen: Seen) -> None:
    before = count("events_published_total", type="request.withdrawn")
    requests = [new_id() for _ in range(10)]  # more than a batch, so that reading goes on beside publishing
    async with database.transaction(TENANT) as session:
        await record(session, *map(withdrawn, requests))
    await none_unsent(database)
    assert sorted(event.data.request for event in seen.events) == requests
    assert {event.envelope.subject for event in seen.events} == set(requests)
    assert {event.tenant for event in seen.events} == {TENANT}
    assert count("events_published_total", type="request.withdrawn") == before + 10


async def test_what_is_rolled_back_is_not_counted(database: Database, seen: Seen) -> None:
    class Undone(Exception):
        pass

    with suppress(Undone):
        async with database.transaction(TENANT) as session:
            await record(session, withdrawn())
            raise Undone
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn())
    await none_unsent(database)
    assert len(seen.events) == 1


async def test_a_replay_counts_as_a_replay_only(database: Database, seen: Seen) -> None:
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn(), withdrawn())
    await none_unsent(database)
    again = count("outbox_replayed_total", service="intake")
    async with database.everywhere() as session:
        await request_replay(session, Selection())

    async def sent() -> bool:
        return count("outbox_replayed_total", service="intake") == again + 2

    await eventually(sent)
    assert len(seen.events) == 2


async def test_what_cannot_be_counted_is_published_all_the_same(database: Database, seen: Seen) -> None:
    seen.fails = True
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn())
    await none_unsent(database)
    seen.fails = False
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn())
    await none_unsent(database)
    assert len(seen.events) == 1


async def test_types_that_a_service_publishes_are_known_before_the_first(
    database: Database, local_log: LocalLog
) -> None:
    """The step from nothing to one is no increase to Prometheus, and a webhook is disabled rarely."""
    Relay(database, local_log, "notifications")
    assert number("events_published_total", type="webhook.disabled") is not None
