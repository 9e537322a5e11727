"""Which events of a list failed: named, known or looked for. The others are applied once, and nothing is half-written."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.contracts.intake import RequestAccepted, RequestWithdrawn
from shared.database import Database, new_id, scope_of
from shared.messaging.culprits import each
from shared.messaging.envelope import Envelope, Received
from shared.messaging.failures import Poisoned, Retry
from shared.messaging.handlers import Handlers
from tests.support.consumers import Bench, bench, note
from tests.support.messaging import TENANT, envelope, records


class Base(DeclarativeBase):
    pass


class Effect(Base):
    """The table `effect`, as the ORM would write it; the database refuses one without a handler."""

    __tablename__ = "effect"
    position: Mapped[int] = mapped_column(primary_key=True)
    aggregate: Mapped[UUID]
    sequence: Mapped[int]
    handler: Mapped[str | None]


Withdrawn = Received[RequestWithdrawn]


@dataclass
class Calls:
    """Handlers that note the events they had, and fail on those whose subject is poison."""

    poison: set[UUID] = field(default_factory=set)
    lists: list[int] = field(default_factory=list)

    def bad(self, events: Sequence[Withdrawn]) -> list[Withdrawn]:
        return [event for event in events if event.envelope.subject in self.poison]

    def check(self, event: Withdrawn) -> UUID:
        if event.envelope.subject in self.poison:
            raise ValueError("cannot")
        return event.id


async def _bench(database: Database, handle: Callable[..., Awaitable[None]], *, batch: bool = True) -> Bench:
    handlers = Handlers()
    (handlers.on_batch if batch else handlers.on)(RequestWithdrawn)(handle)
    return await bench(database, handlers=handlers)


def _before_writing(calls: Calls) -> Callable[..., Awaitable[None]]:
    async def handle(session: AsyncSession, events: Sequence[Withdrawn]) -> None:
        calls.lists.append(len(events))
        each(events, calls.check)
        await note(session, events, "withdraw")

    return handle


def _after_writing(calls: Calls, name: Callable[[Sequence[Withdrawn]], Exception]) -> Callable[..., Any]:
    async def handle(session: AsyncSession, events: Sequence[Withdrawn]) -> None:
        calls.lists.append(len(events))
        await note(session, events, "withdraw")
        if calls.bad(events):
            raise name(events)

    return handle


def _the_right_ones(calls: Calls) -> Callable[[Sequence[Withdrawn]], Exception]:
    return lambda events: Poisoned({event.id: ValueError("cannot") for event in calls.bad(events)})


def _the_first(events: Sequence[Withdrawn]) -> Exception:
    return Poisoned({events[0].id: ValueError("it was this one")})


def _the_last(events: Sequence[Withdrawn]) -> Exception:
    return Poisoned({events[-1].id: ValueError("it was this one")})


def _one_of_another_batch(_events: Sequence[Withdrawn]) -> Exception:
    return Poisoned({new_id(): ValueError("who knows")})


def _nobody(_events: Sequence[Withdrawn]) -> Exception:
    return ValueError("something is wrong")


def _all(events: Sequence[Withdrawn]) -> Exception:
    return Poisoned({event.id: ValueError("all of them") for event in events})


WAYS: Mapping[str, Callable[[Calls], Callable[..., Awaitable[None]]]] = {
    "before anything is written": _before_writing,
    "the right ones are named": lambda calls: _after_writing(calls, _the_right_ones(calls)),
    "a wrong one is named": lambda calls: _after_writing(calls, _the_first),
    "another wrong one is named": lambda calls: _after_writing(calls, _the_last),
    "one of another batch is named": lambda calls: _after_writing(calls, _one_of_another_batch),
    "nobody is named": lambda calls: _after_writing(calls, _nobody),
}


def _streams(keys: Sequence[UUID], length: int) -> list[Envelope]:
    return [envelope(key, number) for number in range(1, length + 1) for key in keys]


@pytest.mark.parametrize("way", WAYS)
async def test_others_are_applied_once_whoever_is_named(database: Database, way: str) -> None:
    """In the first batch, which is done again, and in the second, which is guarded from the start."""
    calls = Calls()
    consumer = await _bench(database, WAYS[way](calls))
    for _ in range(2):
        keys = [new_id() for _ in range(20)]
        calls.poison = {keys[3], keys[11], keys[12]}
        before = len(await consumer.effects())
        await consumer.take(records(*_streams(keys, 3)))
        found = await consumer.effects()
        assert {key: found[key] for key in keys if key in found} == {
            key: [1, 2, 3] for key in keys if key not in calls.poison
        }
        assert len(found) == before + 17
    held = await consumer.held()
    assert sorted(state for _, state, _ in held) == ["retrying"] * 6 + ["waiting"] * 12
    assert {number for number, state, _ in held if state == "retrying"} == {1}


async def test_a_batch_whose_culprits_are_named_is_done_twice(database: Database) -> None:
    calls = Calls()
    consumer = await _bench(database, _before_writing(calls))
    for attempt in range(3):
        keys = [new_id() for _ in range(50)]
        calls.poison, calls.lists = set(keys[::10]), []
        await consumer.take(records(*_streams(keys, 1)))
        assert calls.lists == [50, 45], attempt
    assert len(await consumer.held()) == 15


async def test_an_event_that_was_named_by_mistake_is_held_nowhere(database: Database) -> None:
    calls = Calls()
    consumer = await _bench(database, _after_writing(calls, _the_first))
    keys = [new_id() for _ in range(10)]
    calls.poison = {keys[7]}
    await consumer.take(records(*_streams(keys, 1)))
    assert await consumer.held() == [(1, "retrying", "handler_failed")]
    assert set(await consumer.effects()) == set(keys) - calls.poison


async def test_all_may_be_named(database: Database) -> None:
    calls = Calls()
    consumer = await _bench(database, _after_writing(calls, _all))
    keys = [new_id() for _ in range(10)]
    calls.poison = {keys[7]}
    await consumer.take(records(*_streams(keys, 1)))
    assert await consumer.effects() == {}
    calls.poison = set()
    await consumer.pass_time(2)
    assert await consumer.effects() == {key: [1] for key in keys}


async def test_the_culprit_in_the_middle_of_a_stream_leaves_those_before_it(database: Database) -> None:
    one, two, third = new_id(), new_id(), envelope(new_id(), 1)
    batch = [envelope(one, 1), envelope(two, 1), third, envelope(one, 2), envelope(one, 3), envelope(two, 2)]

    async def handle(session: AsyncSession, events: Sequence[Withdrawn]) -> None:
        await note(session, events, "withdraw")
        bad = [event for event in events if event.id == batch[3].id]
        if bad:
            raise Poisoned({bad[0].id: ValueError("cannot")})

    consumer = await _bench(database, handle)
    await consumer.take(records(*batch))
    assert await consumer.effects() == {one: [1], two: [1, 2], third.subject: [1]}
    assert await consumer.held() == [(2, "retrying", "handler_failed"), (3, "waiting", None)]


@pytest.mark.parametrize("types", [(RequestWithdrawn,), (RequestWithdrawn, RequestAccepted)])
async def test_single_events_and_lists_keep_their_order_beside_poison(
    database: Database, types: Sequence[type[RequestWithdrawn] | type[RequestAccepted]]
) -> None:
    """Events of one aggregate, one contract handled one by one, the other in lists."""
    handlers, one, poison = Handlers(), new_id(), [new_id() for _ in range(4)]

    @handlers.on(RequestWithdrawn)
    async def single(session: AsyncSession, event: Withdrawn) -> None:
        await note(session, [event], "both")
        if event.envelope.subject in poison:
            raise ValueError

    @handlers.on_batch(RequestAccepted)
    async def many(session: AsyncSession, events: Sequence[Received[RequestAccepted]]) -> None:
        await note(session, events, "both")

    accepted = RequestAccepted(request=one, resident=one, due=datetime.now(UTC), within_limit=True)
    events = []
    for number in range(1, 61):
        contract = types[number % len(types)]
        data = accepted.model_dump_json().encode() if contract is RequestAccepted else None
        events.append(envelope(one, number, type=contract.type, data=data))
        if number % 15 == 0:
            events.append(envelope(poison[number // 15 - 1], 1))
    consumer = await bench(database, handlers=handlers)
    for _ in range(2):
        await consumer.take(records(*events))
    assert await consumer.effects("both") == {one: list(range(1, 61))}
    assert len(await consumer.held()) == 4


async def test_a_passing_fault_beside_a_culprit_puts_the_whole_batch_off(database: Database) -> None:
    one, two = new_id(), new_id()
    faults: dict[UUID, Exception] = {one: ValueError("cannot"), two: Retry("away")}

    async def handle(session: AsyncSession, events: Sequence[Withdrawn]) -> None:
        def check(event: Withdrawn) -> None:
            if event.envelope.subject in faults:
                raise faults[event.envelope.subject]

        each(events, check)
        await note(session, events, "withdraw")

    consumer = await _bench(database, handle)
    batch = records(envelope(one, 1), envelope(two, 1), envelope(new_id(), 1))
    with pytest.raises(Retry):
        await consumer.take(batch)
    assert await consumer.effects() == {}
    assert await consumer.held() == []
    del faults[two]
    await consumer.take(batch)
    assert len(await consumer.effects()) == 2
    held = [(1, "retrying", "handler_failed")]
    assert await consumer.held() == held
    # Now under savepoints from the start.
    faults[two] = Retry("away")
    with pytest.raises(Retry):
        await consumer.take(records(envelope(two, 2), envelope(new_id(), 1)))
    assert await consumer.held() == held
    assert len(await consumer.effects()) == 2


async def test_a_row_that_the_database_refuses_costs_the_others_nothing(database: Database) -> None:
    """The transaction itself has failed then, and the ORM's: only a savepoint brings both back."""
    keys = [new_id() for _ in range(30)]

    async def handle(session: AsyncSession, events: Sequence[Withdrawn]) -> None:
        sequences = [0 if event.envelope.subject == keys[17] else 1 for event in events]
        await note(session, events, "withdraw")
        await session.execute(text("SELECT 1 / s FROM unnest(CAST(:all AS int[])) AS s"), {"all": sequences})

    consumer = await _bench(database, handle)
    for _ in range(2):
        await consumer.take(records(*_streams(keys, 1)))
    assert set(await consumer.effects()) == {*keys} - {keys[17]}
    assert await consumer.held() == [(1, "retrying", "handler_failed")]


async def test_handlers_run_in_their_tenant_also_after_one_has_failed(database: Database) -> None:
    scopes: set[tuple[str, str]] = set()
    bad = new_id()

    async def handle(session: AsyncSession, events: Sequence[Withdrawn]) -> None:
        connection = await session.connection()
        row = (await connection.exec_driver_sql("SELECT current_setting('longxi.tenant')")).scalar_one()
        scopes.add((events[0].tenant, row))
        assert scope_of(session) == row
        await note(session, events, "withdraw")
        if any(event.envelope.subject == bad for event in events):
            raise ValueError

    consumer = await _bench(database, handle)
    keys = [new_id() for _ in range(6)]
    await consumer.take(
        records(
            *(envelope(key, 1, tenant="other" if key in keys[:3] else TENANT) for key in keys),
            envelope(bad, 1, tenant="other"),
        )
    )
    assert scopes == {(TENANT, TENANT), ("other", "other")}
    assert set(await consumer.effects(tenant="other")) == set(keys[:3])
    assert set(await consumer.effects()) == set(keys[3:])


async def test_many_held_events_are_tried_together_and_each_for_itself(database: Database) -> None:
    calls = Calls()
    consumer = await _bench(database, _before_writing(calls))
    keys = [new_id() for _ in range(70)]
    calls.poison = set(keys)
    await consumer.take(records(*_streams(keys, 3)))
    assert len(await consumer.held()) == 210
    calls.poison, calls.lists = set(keys[:5]), []
    await consumer.pass_time(1)
    assert max(calls.lists) == 50
    assert await consumer.effects() == {key: [1, 2, 3] for key in keys[5:]}
    assert len(await consumer.held()) == 15


async def test_a_held_event_that_only_has_to_wait_delays_no_other(database: Database) -> None:
    one, two = new_id(), new_id()
    faults: dict[UUID, Exception] = {one: ValueError("cannot"), two: ValueError("cannot")}

    async def handle(session: AsyncSession, event: Withdrawn) -> None:
        if event.envelope.subject in faults:
            raise faults[event.envelope.subject]
        await note(session, [event], "withdraw")

    consumer = await _bench(database, handle, batch=False)
    await consumer.take(records(envelope(one, 1), envelope(two, 1)))
    del faults[one]
    faults[two] = Retry("away")
    await consumer.pass_time(3)
    assert await consumer.effects() == {one: [1]}
    faults.clear()
    await consumer.pass_time(10)
    assert await consumer.effects() == {one: [1], two: [1]}


async def test_a_row_that_the_orm_cannot_write_is_found_too(database: Database) -> None:
    """A flush that fails ends the ORM's transaction as well."""
    handlers, keys = Handlers(), [new_id() for _ in range(20)]

    @handlers.on_batch(RequestWithdrawn)
    async def write(session: AsyncSession, events: Sequence[Withdrawn]) -> None:
        for event in events:
            subject = event.envelope.subject
            session.add(Effect(aggregate=subject, sequence=1, handler=None if subject == keys[7] else "orm"))

    consumer = await bench(database, handlers=handlers)
    for _ in range(2):
        await consumer.take(records(*_streams(keys, 1)))
    assert await consumer.effects("orm") == {key: [1] for key in keys if key != keys[7]}
    assert await consumer.held() == [(1, "retrying", "handler_failed")]


async def test_the_loop_of_held_events_does_not_spoil_a_batch_of_the_same_stream(database: Database) -> None:
    one, two, faults = new_id(), new_id(), set[UUID]()
    loop: list[Bench] = []

    async def handle(session: AsyncSession, event: Withdrawn) -> None:
        if event.envelope.subject in faults:
            raise ValueError
        await note(session, [event], "withdraw")
        if event.envelope.subject == two:
            # It passes over what a batch has in hand, and does not wait for it.
            assert not await loop[0].inbox.held.step()

    consumer = await _bench(database, handle, batch=False)
    loop.append(consumer)
    faults.add(one)
    await consumer.take(records(envelope(one, 1)))
    faults.clear()
    consumer.clock.advance(timedelta(seconds=5))
    await consumer.take(records(envelope(one, 2), envelope(two, 1)))
    await consumer.pass_time(1)
    assert await consumer.effects() == {one: [1, 2], two: [1]}
