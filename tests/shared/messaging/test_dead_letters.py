"""Dead letters are listed, shown, retried and dropped; their streams go on as they should."""

import pytest

from shared.database import Database, new_id
from shared.messaging.dead_letters import (
    DeadLetter,
    EarlierEventsOnTheirWay,
    NoSuchDeadLetter,
    dead_letters,
    drop,
    retry,
    show,
)
from shared.messaging.envelope import ReplayMark
from shared.messaging.failures import DeadLetterReason
from shared.messaging.records import Record
from tests.support.consumers import Bench, bench
from tests.support.messaging import TENANT, TOPIC, envelope, records


@pytest.fixture
async def consumer(database: Database) -> Bench:
    return await bench(database)


async def only(consumer: Bench) -> DeadLetter:
    async with consumer.database.everywhere() as session:
        (letter,) = await dead_letters(session, "parcel")
    return letter


async def test_a_dead_letter_says_what_it_is_and_how_many_wait(consumer: Bench) -> None:
    one = new_id()
    broken = envelope(one, 1, data=b'{"request": 7}')
    await consumer.take(records(broken, envelope(one, 2), envelope(one, 3)))
    letter = await only(consumer)
    assert (letter.tenant, letter.topic, letter.aggregate, letter.sequence) == (TENANT, TOPIC, one, 1)
    assert (letter.event, letter.type, letter.reason) == (broken.id, broken.type, DeadLetterReason.INVALID)
    assert letter.error == "2 errors: request: uuid_type; resident: missing"
    assert letter.waiting == 2
    async with consumer.database.everywhere() as session:
        _, content = await show(session, "parcel", letter.id)
    assert content.value == '{"request": 7}'
    assert ("ce_type", "request.withdrawn") in content.headers


async def test_a_retry_gives_new_attempts_and_releases_the_rest(consumer: Bench) -> None:
    one = new_id()
    consumer.trouble.errors[one, 1] = ValueError("for now")
    await consumer.take(records(envelope(one, 1), envelope(one, 2)))
    await consumer.pass_time(60)
    letter = await only(consumer)
    assert (letter.reason, letter.attempts) == (DeadLetterReason.HANDLER_FAILED, 4)
    consumer.trouble.errors.clear()
    async with consumer.database.everywhere() as session:
        await retry(session, "parcel", letter.id, consumer.clock())
    await consumer.pass_time(1)
    assert await consumer.effects() == {one: [1, 2]}
    assert await consumer.held() == []


async def test_a_retry_that_fails_again_is_dead_again_after_its_attempts(consumer: Bench) -> None:
    one = new_id()
    consumer.trouble.errors[one, 1] = ValueError("for good")
    await consumer.take(records(envelope(one, 1)))
    await consumer.pass_time(60)
    async with consumer.database.everywhere() as session:
        await retry(session, "parcel", (await only(consumer)).id, consumer.clock())
    await consumer.pass_time(1)
    assert await consumer.held() == [(1, "retrying", "handler_failed")]
    await consumer.pass_time(60)
    assert (await only(consumer)).attempts == 4


async def test_dropping_lets_the_waiting_go_on(consumer: Bench) -> None:
    one = new_id()
    await consumer.take(records(envelope(one, 1, data=b"{}"), envelope(one, 2), envelope(one, 3)))
    async with consumer.database.everywhere() as session:
        await drop(session, "parcel", (await only(consumer)).id, consumer.clock())
    await consumer.pass_time(1)
    await consumer.take(records(envelope(one, 1), envelope(one, 4)))  # the dropped one comes once more
    assert await consumer.effects() == {one: [2, 3, 4]}
    assert await consumer.held() == []


async def test_dropping_the_only_held_event_frees_its_stream(consumer: Bench) -> None:
    one = new_id()
    await consumer.take(records(envelope(one, 1, data=b"{}")))
    async with consumer.database.everywhere() as session:
        await drop(session, "parcel", (await only(consumer)).id, consumer.clock())
    await consumer.take(records(envelope(one, 2)))
    assert await consumer.effects() == {one: [2]}


async def test_dropping_does_not_step_over_events_that_a_replay_brings(consumer: Bench) -> None:
    one = new_id()
    await consumer.take(records(envelope(one, 1), envelope(one, 2), envelope(one, 3, data=b"{}")))
    await consumer.take(records(envelope(one, 1, replay=ReplayMark(new_id(), "parcel"))))
    letter = await only(consumer)
    with pytest.raises(EarlierEventsOnTheirWay):
        async with consumer.database.everywhere() as session:
            await drop(session, "parcel", letter.id, consumer.clock())


async def test_a_malformed_record_can_be_retried_and_dropped(consumer: Bench) -> None:
    one = new_id()
    good = records(envelope(one, 1))[0]
    headers = tuple(header for header in good.headers if header[0] != "ce_tenant")
    await consumer.take([Record(TOPIC, good.key, good.value, headers, 0, 7)])
    letter = await only(consumer)
    assert (letter.reason, letter.error) == (DeadLetterReason.MALFORMED, "no header ce_tenant")
    async with consumer.database.everywhere() as session:
        await retry(session, "parcel", letter.id, consumer.clock())
    await consumer.pass_time(1)
    again = await only(consumer)
    async with consumer.database.everywhere() as session:
        await drop(session, "parcel", again.id, consumer.clock())
    assert await consumer.held() == []


async def test_pages_are_in_order_and_can_be_filtered(consumer: Bench) -> None:
    keys = [new_id() for _ in range(5)]
    await consumer.take(records(*(envelope(key, 1, data=b"{}") for key in keys)))
    await consumer.take(records(envelope(new_id(), 1, tenant="nowhere")))
    async with consumer.database.everywhere() as session:
        first = await dead_letters(session, "parcel", limit=4)
        second = await dead_letters(session, "parcel", after=first[-1].id)
        invalid = await dead_letters(session, "parcel", reason=DeadLetterReason.INVALID)
    assert len(first) == 4
    assert [letter.reason for letter in second] == ["invalid", "unknown_tenant"]
    assert len(invalid) == 5


async def test_what_is_not_dead_is_not_there(consumer: Bench) -> None:
    one = new_id()
    consumer.trouble.errors[one, 1] = ValueError("for now")
    await consumer.take(records(envelope(one, 1)))
    async with consumer.database.everywhere() as session:
        assert await dead_letters(session, "parcel") == []
    with pytest.raises(NoSuchDeadLetter):
        async with consumer.database.everywhere() as session:
            await retry(session, "parcel", new_id(), consumer.clock())
