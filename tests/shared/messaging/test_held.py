"""A poison event holds its own stream and nothing else; what waits behind it follows in order."""

import pytest

from shared.database import Database, new_id
from shared.messaging.envelope import MAX_DATA
from shared.messaging.failures import Retry
from shared.messaging.records import Record
from tests.support.consumers import QUICK, Bench, bench, everything
from tests.support.messaging import TENANT, TOPIC, envelope, records


@pytest.fixture
async def consumer(database: Database) -> Bench:
    return await bench(database)


async def test_a_poison_in_the_middle_holds_its_own_key_while_others_go_on(consumer: Bench) -> None:
    one, two = new_id(), new_id()
    consumer.trouble.errors[one, 2] = ValueError("cannot")
    await consumer.take(records(*(envelope(key, number) for number in range(1, 5) for key in (one, two))))
    assert await consumer.effects() == {one: [1], two: [1, 2, 3, 4]}
    assert await consumer.held() == [
        (2, "retrying", "handler_failed"),
        (3, "waiting", None),
        (4, "waiting", None),
    ]


async def test_a_retry_that_succeeds_releases_the_waiting_in_order(consumer: Bench) -> None:
    one = new_id()
    consumer.trouble.errors[one, 1] = ValueError("not yet")
    await consumer.take(records(envelope(one, 1), envelope(one, 2)))
    await consumer.take(records(envelope(one, 3)))
    await consumer.pass_time(2)
    assert await consumer.effects() == {}
    consumer.trouble.errors.clear()
    await consumer.pass_time(5)
    assert await consumer.effects() == {one: [1, 2, 3]}
    assert await consumer.held() == []
    await consumer.take(records(envelope(one, 4)))
    assert await consumer.effects() == {one: [1, 2, 3, 4]}


async def test_attempts_follow_the_schedule_and_end_in_a_dead_letter(consumer: Bench) -> None:
    one = new_id()
    consumer.trouble.errors[one, 1] = ValueError("never")
    await consumer.take(records(envelope(one, 1)))
    attempts = []
    for _ in range(30):
        attempts.append(consumer.trouble.attempts[one, 1])
        await consumer.pass_time(1)
    # After 1 second, 2 more, 4 more.
    assert [attempts.index(number) for number in (1, 2, 3, 4)] == [0, 1, 3, 7]
    assert attempts[-1] == QUICK.attempts == 4
    assert await consumer.held() == [(1, "dead", "handler_failed")]


async def test_a_second_poison_behind_the_first_gets_its_own_attempts(consumer: Bench) -> None:
    one = new_id()
    consumer.trouble.errors[one, 1] = ValueError("a")
    consumer.trouble.errors[one, 3] = ValueError("b")
    await consumer.take(records(*(envelope(one, number) for number in range(1, 5))))
    del consumer.trouble.errors[one, 1]
    await consumer.pass_time(1)
    assert await consumer.effects() == {one: [1, 2]}
    assert await consumer.held() == [(3, "retrying", "handler_failed"), (4, "waiting", None)]
    assert [row["attempts"] for row in await everything(consumer.database, "held_event")] != [0, 0]
    consumer.trouble.errors.clear()
    await consumer.pass_time(5)
    assert await consumer.effects() == {one: [1, 2, 3, 4]}


async def test_a_redelivery_of_held_events_changes_nothing(consumer: Bench) -> None:
    one = new_id()
    consumer.trouble.errors[one, 1] = ValueError("cannot")
    batch = records(envelope(one, 1), envelope(one, 2))
    await consumer.take(batch)
    held = await consumer.held()
    for _ in range(3):
        await consumer.take(batch)
    assert await consumer.held() == held
    consumer.trouble.errors.clear()
    await consumer.pass_time(5)
    await consumer.take(batch)
    assert await consumer.effects() == {one: [1, 2]}


async def test_a_passing_fault_of_a_held_event_is_not_counted_as_an_attempt(consumer: Bench) -> None:
    one = new_id()
    consumer.trouble.errors[one, 1] = ValueError("cannot")
    await consumer.take(records(envelope(one, 1)))
    consumer.trouble.errors[one, 1] = Retry("away")
    await consumer.pass_time(120)
    assert [(row["state"], row["attempts"]) for row in await everything(consumer.database, "held_event")] == [
        ("retrying", 1)
    ]


async def test_many_poisons_in_one_batch_are_all_found(consumer: Bench) -> None:
    keys = [new_id() for _ in range(40)]
    for key in keys[::4]:
        consumer.trouble.errors[key, 1] = ValueError("cannot")
    await consumer.take(records(*(envelope(key, 1) for key in keys)))
    assert set(await consumer.effects()) == set(keys) - set(keys[::4])
    assert len(await consumer.held()) == 10


async def test_an_event_of_an_unknown_tenant_is_a_dead_letter_and_holds_its_stream(consumer: Bench) -> None:
    one, two = new_id(), new_id()
    await consumer.take(
        records(envelope(one, 1, tenant="nowhere"), envelope(one, 2, tenant="nowhere"), envelope(two, 1))
    )
    assert await consumer.effects() == {two: [1]}
    assert await consumer.held() == [(1, "dead", "unknown_tenant"), (2, "waiting", None)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"{}", "invalid", id="a required field is missing"),
        pytest.param(b"not json", "invalid", id="not JSON"),
        pytest.param(b'{"request": "\xff"}', "invalid", id="not UTF-8"),
        pytest.param(b" " * (MAX_DATA + 1), "too_large", id="more than an event may carry"),
    ],
)
async def test_data_that_no_attempt_can_change_is_dead_at_once(
    consumer: Bench, data: bytes, reason: str
) -> None:
    one = new_id()
    await consumer.take(records(envelope(one, 1), envelope(one, 2, data=data), envelope(one, 3)))
    await consumer.pass_time(60)
    assert await consumer.effects() == {one: [1]}
    assert await consumer.held() == [(2, "dead", reason), (3, "waiting", None)]


async def test_a_record_without_an_envelope_is_a_dead_letter_that_blocks_nobody(consumer: Bench) -> None:
    one = new_id()
    broken = Record(TOPIC, b"k", b"\x00\xff", (("ce_type", b"\xff\x00"),), partition=3, offset=9)
    for _ in range(2):
        await consumer.take([*records(envelope(one, 1)), broken, *records(envelope(one, 2))])
    assert await consumer.effects() == {one: [1, 2]}
    assert await consumer.held() == [(None, "dead", "malformed")]


async def test_the_stored_error_repeats_nobodys_data(consumer: Bench) -> None:
    one = new_id()
    consumer.trouble.errors[one, 1] = ValueError(
        "no resident '张三' with 19900001234\nDETAIL: row (张三)" + "x" * 900
    )
    await consumer.take(records(envelope(one, 1)))
    (row,) = await everything(consumer.database, "held_event")
    assert row["error"] == "ValueError: no resident … with #"
    assert row["tenant"] == TENANT
