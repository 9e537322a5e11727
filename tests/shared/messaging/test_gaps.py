"""A missing event is noticed, asked for and filled; nothing overtakes it in silence."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.database import Database, new_id
from shared.messaging.dead_letters import dead_letters, drop, retry
from shared.messaging.envelope import Envelope
from tests.support.consumers import Bench, bench, everything
from tests.support.messaging import TOPIC, envelope, records


@dataclass
class Owner:
    """Answers like the owner of a topic, from the events it still has."""

    has: list[Envelope] = field(default_factory=list)
    asked: list[tuple[UUID, int, int]] = field(default_factory=list)
    unreachable: bool = False

    async def __call__(self, **question: Any) -> int:
        self.asked.append((question["aggregate"], question["from_sequence"], question["to_sequence"]))
        assert question["topic"] == TOPIC
        assert question["tenant"] == "longxi"
        if self.unreachable:
            raise ConnectionError
        return len(self.has)


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
async def consumer(database: Database, owner: Owner) -> Bench:
    return await bench(database, ask_for=owner)


async def test_a_gap_is_noticed_asked_for_and_filled(consumer: Bench, owner: Owner) -> None:
    one, other = new_id(), new_id()
    missing = [envelope(one, 2), envelope(one, 3)]
    owner.has = missing
    await consumer.take(records(envelope(one, 1), envelope(one, 4), envelope(one, 5), envelope(other, 1)))
    assert await consumer.effects() == {one: [1], other: [1]}
    assert await consumer.held() == [(4, "waiting", "gap"), (5, "waiting", None)]
    await consumer.pass_time(0)
    await consumer.inbox.held.step()
    assert owner.asked == [(one, 2, 3)]
    await consumer.take(records(missing[0]))
    await consumer.take(records(missing[1], envelope(one, 6)))
    await consumer.pass_time(1)
    assert await consumer.effects() == {one: [1, 2, 3, 4, 5, 6], other: [1]}
    assert await consumer.held() == []


async def test_the_owner_is_asked_again_and_the_gap_given_up_in_the_end(
    consumer: Bench, owner: Owner
) -> None:
    one = new_id()
    owner.unreachable = True
    await consumer.take(records(envelope(one, 1), envelope(one, 3)))
    await consumer.pass_time(60)
    assert owner.asked == [(one, 2, 2)] * 4
    assert await consumer.held() == [(3, "dead", "gap")]


async def test_missing_events_that_come_after_all_set_the_stream_going(consumer: Bench) -> None:
    one = new_id()
    await consumer.take(records(envelope(one, 1), envelope(one, 3)))
    await consumer.pass_time(60)
    assert await consumer.held() == [(3, "dead", "gap")]
    await consumer.take(records(envelope(one, 2)))
    await consumer.pass_time(1)
    assert await consumer.effects() == {one: [1, 2, 3]}


async def test_a_dead_gap_can_be_asked_for_again(consumer: Bench, owner: Owner) -> None:
    one = new_id()
    await consumer.take(records(envelope(one, 1), envelope(one, 3)))
    await consumer.pass_time(60)
    asked = len(owner.asked)
    async with consumer.database.everywhere() as session:
        (letter,) = await dead_letters(session, "parcel")
        await retry(session, "parcel", letter.id, consumer.clock())
    await consumer.inbox.held.step()
    assert len(owner.asked) == asked + 1
    assert await consumer.held() == [(3, "waiting", "gap")]


async def test_dropping_a_gap_does_without_the_missing_and_applies_the_rest(consumer: Bench) -> None:
    one = new_id()
    await consumer.take(records(envelope(one, 1), envelope(one, 3), envelope(one, 4), envelope(one, 6)))
    await consumer.pass_time(60)
    async with consumer.database.everywhere() as session:
        (letter,) = await dead_letters(session, "parcel")
        assert (letter.sequence, letter.waiting) == (3, 2)
        await drop(session, "parcel", letter.id, consumer.clock())
    await consumer.pass_time(1)
    assert await consumer.effects() == {one: [1, 3, 4]}
    assert await consumer.held() == [(6, "waiting", "gap")]  # the next hole is a matter of its own


async def test_a_stream_that_begins_before_the_consumer_did_is_taken_from_the_middle(consumer: Bench) -> None:
    """What the log has dropped before we came is no gap."""
    one = new_id()
    before = UUID(int=(new_id().int & ~(0xFFFFFFFFFFFF << 80)) | int(_long_ago().timestamp() * 1000) << 80)
    await consumer.take(records(envelope(one, 7, id=before), envelope(one, 8)))
    assert await consumer.effects() == {one: [7, 8]}
    assert await consumer.held() == []


def _long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(days=2)


async def test_a_beginning_that_its_owner_no_longer_keeps_is_done_without(
    consumer: Bench, owner: Owner
) -> None:
    """An old aggregate that stirs for the first time since the consumer exists."""
    one = new_id()
    await consumer.take(records(envelope(one, 7)))
    assert await consumer.effects() == {}
    await consumer.pass_time(1)
    assert owner.asked == [(one, 1, 6)]
    assert await consumer.effects() == {one: [7]}
    assert await consumer.held() == []


async def test_a_hole_in_a_known_stream_is_never_passed_over_in_silence(
    consumer: Bench, owner: Owner
) -> None:
    one = new_id()
    await consumer.take(records(envelope(one, 1), envelope(one, 3)))
    await consumer.pass_time(60)
    assert await consumer.effects() == {one: [1]}
    assert len(owner.asked) == 4


async def test_a_beginning_that_its_owner_still_keeps_is_waited_for(consumer: Bench, owner: Owner) -> None:
    one = new_id()
    owner.has = [envelope(one, 1)]
    await consumer.take(records(envelope(one, 2)))
    await consumer.pass_time(2)
    assert await consumer.effects() == {}
    await consumer.take(records(*owner.has))
    await consumer.pass_time(1)
    assert await consumer.effects() == {one: [1, 2]}


async def test_a_lower_gap_that_shows_later_is_asked_for_too(consumer: Bench, owner: Owner) -> None:
    one = new_id()
    owner.has = [envelope(one, 2)]
    await consumer.take(records(envelope(one, 1), envelope(one, 6)))
    await consumer.take(records(envelope(one, 4)))
    await consumer.pass_time(1)
    assert owner.asked[-1] == (one, 2, 3)
    await consumer.take(records(envelope(one, 5), envelope(one, 3), envelope(one, 2)))
    await consumer.pass_time(1)
    assert await consumer.effects() == {one: [1, 2, 3, 4, 5, 6]}
    assert await everything(consumer.database, "inbox_stream WHERE head IS NOT NULL") == []
