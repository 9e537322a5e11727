"""A replay to everyone changes nothing; a replay to one rebuilds what it keeps, and runs no effect twice."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from uuid import UUID

import pytest

from shared.contracts.intake import ResidentErased
from shared.database import Database, new_id
from shared.messaging.envelope import Envelope, ReplayMark
from shared.messaging.outbox import record
from shared.messaging.records import Record
from shared.messaging.relay import Relay
from shared.messaging.replay import Requested, Selection, request_replay
from tests.support.consumers import Bench, bench, everything
from tests.support.messaging import TENANT, TOPIC, envelope, eventually, records, withdrawn


class Shelf:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    async def publish(self, records: Sequence[Record]) -> None:
        self.records.extend(records)

    def since(self, number: int) -> list[Envelope]:
        return [Envelope.from_record(record) for record in self.records[number:]]


@pytest.fixture
async def shelf(database: Database) -> AsyncIterator[Shelf]:
    """What a running relay publishes."""
    shelf = Shelf()
    task = asyncio.create_task(Relay(database, shelf, "intake", batch=7).run())  # type: ignore[arg-type]
    yield shelf
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def publish(database: Database, shelf: Shelf, *aggregates: UUID) -> None:
    before = len(shelf.records)
    async with database.transaction(TENANT) as session:
        await record(session, *map(withdrawn, aggregates))

    async def there() -> bool:
        return len(shelf.records) == before + len(aggregates)

    await eventually(there)


async def replay(database: Database, selection: Selection) -> Requested:
    async with database.everywhere() as session:
        requested = await request_replay(session, selection)

    async def finished() -> bool:
        return not await everything(database, "outbox_replay WHERE finished_at IS NULL")

    await eventually(finished)
    return requested


async def test_a_replay_to_everyone_is_the_same_events_again_and_changes_nothing(
    database: Database, shelf: Shelf
) -> None:
    one, two = new_id(), new_id()
    await publish(database, shelf, *[one, two, one, one, two] * 5)
    first = shelf.since(0)
    requested = await replay(database, Selection())
    assert requested.events == 25
    assert shelf.since(25) == first
    consumer = await bench(database)
    await consumer.take(shelf.records)
    await consumer.take(shelf.records[25:])
    assert await consumer.effects() == {one: list(range(1, 16)), two: list(range(1, 11))}
    assert await consumer.held() == []


@pytest.mark.parametrize(
    ("choose", "expected"),
    [
        pytest.param({}, [("a", 1), ("b", 1), ("a", 2), ("a", 3)], id="all"),
        pytest.param({"type": "request.withdrawn"}, [("a", 1), ("a", 2), ("a", 3)], id="a type"),
        pytest.param({"aggregate": "a", "from_sequence": 2}, [("a", 2), ("a", 3)], id="from a sequence on"),
        pytest.param({"aggregate": "a", "to_sequence": 1}, [("a", 1)], id="up to a sequence"),
        pytest.param({"topic": "casework.events"}, [], id="a topic without any"),
    ],
)
async def test_what_is_selected_is_sent(
    database: Database, shelf: Shelf, choose: dict[str, object], expected: list[tuple[str, int]]
) -> None:
    names = {"a": new_id(), "b": new_id()}
    async with database.transaction(TENANT) as session:
        await record(
            session,
            withdrawn(names["a"]),
            ResidentErased(resident=names["b"]),
            withdrawn(names["a"]),
            withdrawn(names["a"]),
        )

    async def there() -> bool:
        return len(shelf.records) == 4

    await eventually(there)
    chosen = {key: names.get(str(value), value) for key, value in choose.items()}
    requested = await replay(database, Selection(**chosen))  # type: ignore[arg-type]
    found = [(event.subject, event.sequence) for event in shelf.since(4)]
    assert found == [(names[name], sequence) for name, sequence in expected]
    assert requested.events == len(expected)


async def test_a_time_range_is_of_recording(database: Database, shelf: Shelf) -> None:
    one = new_id()
    for _ in range(3):
        await publish(database, shelf, one)
    times = [row["recorded_at"] for row in await everything(database, "outbox ORDER BY position")]
    await replay(database, Selection(from_time=times[1], to_time=times[2]))
    assert [event.sequence for event in shelf.since(3)] == [2]


async def test_a_replay_to_one_rebuilds_its_read_model_and_nobody_elses(
    database: Database, shelf: Shelf
) -> None:
    one, two = new_id(), new_id()
    await publish(database, shelf, one, two, one, two, one)
    consumer, other = await bench(database), await bench(database, name="other")
    await consumer.take(shelf.records)
    await other.take(shelf.records)
    before = len(shelf.records)
    # Selected: the second event of one aggregate. Sent: everything of it from there on.
    requested = await replay(
        database, Selection(aggregate=one, from_sequence=2, to_sequence=2, consumer="parcel")
    )
    again = shelf.records[before:]
    assert requested.events == 1
    assert [event.sequence for event in shelf.since(before)] == [2, 3]
    await consumer.take(again)
    await other.take(again)
    assert await consumer.effects("remember") == {one: [1, 2, 3, 1, 2, 3, 2, 3], two: [1, 2, 1, 2]}
    assert await consumer.effects("withdraw") == {one: [1, 2, 3, 1, 2, 3], two: [1, 2, 1, 2]}
    await consumer.take(again)  # published twice, as after a crash
    assert (await consumer.effects("remember"))[one][-2:] == [2, 3]
    assert len((await consumer.effects("remember"))[one]) == 8


async def test_live_events_wait_until_the_replay_has_caught_up(consumer: Bench) -> None:
    one = new_id()
    await consumer.take(records(*(envelope(one, number) for number in (1, 2, 3))))
    mark = ReplayMark(new_id(), "parcel")
    await consumer.take(records(envelope(one, 1, replay=mark)))
    await consumer.take(records(envelope(one, 4)))  # live
    await consumer.take(records(envelope(one, 2, replay=mark), envelope(one, 3, replay=mark)))
    await consumer.pass_time(1)
    assert await consumer.effects("remember") == {one: [1, 2, 3, 1, 2, 3, 4]}
    assert await consumer.effects("withdraw") == {one: [1, 2, 3, 4]}
    assert await consumer.held() == []


@pytest.fixture
async def consumer(database: Database) -> Bench:
    return await bench(database)


async def test_an_older_replay_does_not_disturb_a_newer_one(consumer: Bench) -> None:
    one = new_id()
    await consumer.take(records(*(envelope(one, number) for number in (1, 2, 3))))
    older, newer = ReplayMark(new_id(), "parcel"), ReplayMark(new_id(), "parcel")
    await consumer.take(records(envelope(one, 1, replay=older)))
    await consumer.take(records(*(envelope(one, number, replay=newer) for number in (1, 2))))
    await consumer.take(records(envelope(one, 1, replay=older), envelope(one, 2, replay=older)))
    await consumer.take(records(envelope(one, 3, replay=newer)))
    assert await consumer.effects("remember") == {one: [1, 2, 3, 1, 1, 2, 3]}


async def test_a_replay_does_not_step_over_a_dead_letter(consumer: Bench) -> None:
    one = new_id()
    await consumer.take(records(envelope(one, 1), envelope(one, 2, data=b"{}"), envelope(one, 3)))
    mark = ReplayMark(new_id(), "parcel")
    await consumer.take(records(*(envelope(one, number, replay=mark) for number in (1, 2, 3))))
    await consumer.take(records(envelope(one, 3, replay=ReplayMark(new_id(), "parcel"))))
    await consumer.pass_time(5)
    assert await consumer.effects("withdraw") == {one: [1]}
    assert await consumer.effects("remember") == {one: [1, 1]}
    assert await consumer.held() == [(2, "dead", "invalid"), (3, "waiting", None)]


async def test_a_replay_does_not_retry_a_dead_letter_of_its_own_accord(consumer: Bench) -> None:
    one = new_id()
    consumer.trouble.errors[one, 2] = ValueError("for now")
    await consumer.take(records(envelope(one, 1), envelope(one, 2)))
    await consumer.pass_time(30)
    consumer.trouble.errors.clear()
    await consumer.take(records(envelope(one, 1, replay=ReplayMark(new_id(), "parcel"))))
    await consumer.pass_time(5)
    assert await consumer.effects("withdraw") == {one: [1]}
    assert await consumer.held() == [(2, "dead", "handler_failed")]


async def test_a_stream_set_back_and_left_there_is_completed_by_its_owner(database: Database) -> None:
    """A replay cut short: the next live event shows the hole, and the owner fills it; no effect is run twice."""
    one = new_id()
    asked: list[tuple[int, int]] = []

    async def owner(*, from_sequence: int, to_sequence: int, **_: object) -> int:
        asked.append((from_sequence, to_sequence))
        return 1

    consumer = await bench(database, ask_for=owner)
    events = [envelope(one, number) for number in range(1, 5)]
    await consumer.take(records(*events[:3]))
    await consumer.take(records(envelope(one, 1, replay=ReplayMark(new_id(), "parcel"))))
    await consumer.take(records(events[3]))
    await consumer.pass_time(1)
    assert asked[0] == (2, 3)
    await consumer.take(records(*events[1:3]))
    await consumer.pass_time(1)
    assert await consumer.effects("withdraw") == {one: [1, 2, 3, 4]}
    assert await consumer.effects("remember") == {one: [1, 2, 3, 1, 2, 3, 4]}


async def test_a_new_consumer_can_be_given_a_stream_from_the_middle(consumer: Bench) -> None:
    one = new_id()
    mark = ReplayMark(new_id(), "parcel")
    await consumer.take(records(envelope(one, 5, replay=mark), envelope(one, 6, replay=mark)))
    assert await consumer.effects("withdraw") == {one: [5, 6]}
    assert TOPIC in consumer.inbox.held._since
