"""An event is applied once, in the order of its stream, whatever the log delivers."""

import asyncio
import random
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.intake import RequestAccepted, RequestWithdrawn
from shared.database import Database, new_id
from shared.messaging.envelope import Envelope, Received
from shared.messaging.failures import Retry, passing
from shared.messaging.handlers import Handlers
from shared.messaging.inbox import Inbox
from shared.messaging.inbox_queries import StreamMoved
from tests.support.consumers import Bench, NoLog, bench, everything, note
from tests.support.messaging import TENANT, TOPIC, envelope, records


@pytest.fixture
async def consumer(database: Database) -> Bench:
    return await bench(database)


async def test_a_batch_is_applied_and_its_redelivery_is_not(consumer: Bench) -> None:
    one, two = new_id(), new_id()
    batch = records(envelope(one, 1), envelope(two, 1), envelope(one, 2))
    await consumer.take(batch)
    await consumer.take(batch)
    await consumer.take(batch[1:])
    assert await consumer.effects() == {one: [1, 2], two: [1]}


async def test_the_same_event_twice_in_one_batch_is_applied_once(consumer: Bench) -> None:
    one = new_id()
    first, second = envelope(one, 1), envelope(one, 2)
    await consumer.take(records(first, first, second, first, second))
    assert await consumer.effects() == {one: [1, 2]}


async def test_a_late_duplicate_is_dropped_even_after_its_id_was_trimmed(consumer: Bench) -> None:
    one = new_id()
    await consumer.take(records(envelope(one, 1), envelope(one, 2)))
    await consumer.take(records(envelope(one, 1)))  # another id: nothing but the number tells
    assert await consumer.effects() == {one: [1, 2]}
    assert await consumer.held() == []


async def test_an_event_numbered_anew_by_its_owner_is_not_applied_again(consumer: Bench) -> None:
    one, id = new_id(), new_id()
    await consumer.take(records(envelope(one, 1, id=id)))
    await consumer.take(records(envelope(one, 2, id=id), envelope(one, 3)))
    assert await consumer.effects() == {one: [1, 3]}


async def test_order_holds_for_each_of_many_aggregates_under_redelivery(consumer: Bench) -> None:
    """Batches of any size, each of which may come again, as after crashes between the two commits."""
    choose = random.Random(7)  # noqa: S311
    aggregates = [new_id() for _ in range(20)]
    log: list[Envelope] = []
    counts = dict.fromkeys(aggregates, 0)
    for _ in range(300):
        aggregate = choose.choice(aggregates)
        counts[aggregate] += 1
        type = choose.choice(["request.withdrawn", "request.accepted", "request.unheard_of"])
        log.append(event(aggregate, counts[aggregate], type))
    start = 0
    while start < len(log):
        end = start + choose.randrange(1, 60)
        await consumer.take(records(*log[start:end]))
        start = end if choose.random() < 0.6 else start
    for handler, type in (("withdraw", "request.withdrawn"), ("accept", "request.accepted")):
        expected: dict[object, list[int]] = {}
        for one in log:
            if one.type == type:
                expected.setdefault(one.subject, []).append(one.sequence)
        assert await consumer.effects(handler) == expected


def event(aggregate: UUID, sequence: int, type: str) -> Envelope:
    if type == RequestAccepted.type:
        data = f'{{"request":"{aggregate}","resident":"{new_id()}","due":"2026-12-01T00:00:00Z","within_limit":true}}'
        return envelope(aggregate, sequence, type=type, data=data.encode())
    return envelope(aggregate, sequence, type=type)


async def test_types_that_nobody_here_knows_are_passed_over_and_counted(consumer: Bench) -> None:
    one = new_id()
    strange = envelope(one, 2, type="request.from_the_future", data=b"\xff not even JSON")
    await consumer.take(records(envelope(one, 1), strange, envelope(one, 3)))
    assert await consumer.effects() == {one: [1, 3]}
    assert await consumer.held() == []


async def test_each_event_is_applied_in_its_own_tenant(consumer: Bench) -> None:
    one, two = new_id(), new_id()
    await consumer.take(records(envelope(one, 1), envelope(two, 1, tenant="other"), envelope(one, 2)))
    assert await consumer.effects() == {one: [1, 2]}
    assert await consumer.effects(tenant="other") == {two: [1]}


async def test_a_failed_batch_leaves_nothing_and_a_passing_fault_costs_only_time(consumer: Bench) -> None:
    one, two = new_id(), new_id()
    batch = records(envelope(one, 1), envelope(two, 1))
    consumer.trouble.errors[two, 1] = Retry("another service is away")
    with pytest.raises(Retry):
        await consumer.take(batch)
    assert await consumer.effects() == {}
    assert await consumer.held() == []
    assert await everything(consumer.database, "inbox") == []
    consumer.trouble.errors.clear()
    await consumer.take(batch)
    assert await consumer.effects() == {one: [1], two: [1]}


async def test_two_consumers_of_one_database_do_not_disturb_each_other(database: Database) -> None:
    one = new_id()
    batch = records(envelope(one, 1))
    first, second = await bench(database, name="first"), await bench(database, name="second")
    await first.take(batch)
    await second.take(batch)
    assert await first.effects() == {one: [1, 1]}


async def test_two_members_with_the_same_records_apply_them_once(database: Database) -> None:
    """A member that was fenced but does not know it yet works on beside its successor."""
    aggregates = [new_id() for _ in range(10)]
    batch = records(*(envelope(one, number) for number in range(1, 6) for one in aggregates))
    members = [await bench(database), await bench(database)]

    async def persist(member: Bench) -> None:
        for _ in range(20):
            try:
                return await member.take(batch)
            except Exception as error:
                if not passing(error):
                    raise
        raise AssertionError("never got through")

    await asyncio.gather(*(persist(member) for member in members))
    assert await members[0].effects() == {one: [1, 2, 3, 4, 5] for one in aggregates}


async def test_a_stream_that_another_member_changed_meanwhile_is_read_again(database: Database) -> None:
    """After a rebalance the old owner of a partition may have event 1 in hand while the new one meets event 2."""
    one, handlers = new_id(), Handlers()
    other = await bench(database)

    @handlers.on(RequestWithdrawn)
    async def slow(session: AsyncSession, event: Received[RequestWithdrawn]) -> None:
        await note(session, [event], "slow")
        await other.take(records(envelope(one, 2)))

    member = Inbox(database, NoLog(), "parcel", handlers, topics=[TOPIC], tenants={TENANT})
    first = records(envelope(one, 1))
    with pytest.raises(StreamMoved):
        await member.take(first)
    assert await other.effects("slow") == {}
    await other.take(first)
    await other.pass_time(1)
    assert await other.effects() == {one: [1, 2]}
    assert await other.held() == []


async def test_no_tenant_is_needed_to_read_but_one_to_see(consumer: Bench) -> None:
    await consumer.take(records(envelope(new_id(), 1)))
    assert await consumer.database.statement("SELECT * FROM inbox") == []
    assert len(await everything(consumer.database, "inbox_stream")) == 1
    assert TENANT in consumer.inbox.consumer.tenants
