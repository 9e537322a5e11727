"""The sequence guard, as a table: where a stream stands, what comes, what becomes of it."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.database import new_id
from shared.messaging.envelope import ReplayMark
from shared.messaging.streams import Fate, Stream
from tests.support.messaging import envelope

NOW = datetime.now(UTC)
BEFORE, AFTER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)


def free(sequence: int, highest: int | None = None) -> Stream:
    return Stream(sequence, sequence if highest is None else highest, version=1)


def blocked(sequence: int, head: int) -> Stream:
    return Stream(sequence, sequence, head=head, version=1)


@pytest.mark.parametrize(
    ("stream", "number", "fate", "head"),
    [
        pytest.param(Stream(), 1, Fate.APPLY, None, id="the first event of all"),
        pytest.param(free(3), 4, Fate.APPLY, None, id="the next one"),
        pytest.param(free(3), 3, Fate.DROP, None, id="the last one again"),
        pytest.param(free(3), 1, Fate.DROP, None, id="an old one again"),
        pytest.param(free(3), 5, Fate.WAIT, 5, id="one is missing before it"),
        pytest.param(Stream(), 2, Fate.WAIT, 2, id="the beginning is missing"),
        pytest.param(blocked(3, 4), 4, Fate.WAIT, 4, id="the held one again"),
        pytest.param(blocked(3, 4), 5, Fate.WAIT, 4, id="behind a held one"),
        pytest.param(blocked(3, 6), 4, Fate.APPLY, 6, id="fills a gap in part"),
        pytest.param(blocked(3, 6), 5, Fate.WAIT, 5, id="narrows a gap from above"),
        pytest.param(blocked(3, 6), 7, Fate.WAIT, 6, id="behind a gap"),
        pytest.param(blocked(3, 6), 2, Fate.DROP, 6, id="an old one again while blocked"),
    ],
)
def test_fates(stream: Stream, number: int, fate: Fate, head: int | None) -> None:
    assert stream.fate(envelope(new_id(), number), BEFORE, NOW) is fate
    assert stream.head == head


def test_a_gap_is_looked_at_at_once_and_a_retry_in_front_is_left_alone() -> None:
    gap, behind = free(3), blocked(3, 4)
    gap.fate(envelope(new_id(), 5), BEFORE, NOW)
    behind.fate(envelope(new_id(), 5), BEFORE, NOW)
    assert (gap.due_at, behind.due_at) == (NOW, None)


def test_filling_a_gap_wakes_what_waited() -> None:
    stream = blocked(3, 5)
    assert stream.fate(envelope(new_id(), 4), BEFORE, NOW) is Fate.APPLY
    stream.advance(4, NOW)
    assert stream.due_at == NOW


def test_a_stream_older_than_the_consumer_may_begin_in_the_middle() -> None:
    stream = Stream()
    assert stream.fate(envelope(new_id(), 9), AFTER, NOW) is Fate.APPLY
    assert stream.sequence == 8
    known = free(3)
    assert known.fate(envelope(new_id(), 9), AFTER, NOW) is Fate.WAIT


@pytest.mark.parametrize(
    ("stream", "number", "sequence", "fate"),
    [
        pytest.param(free(9), 4, 3, Fate.APPLY, id="goes back"),
        pytest.param(free(9), 10, 9, Fate.APPLY, id="at the end it is an ordinary event"),
        pytest.param(free(3), 9, 3, Fate.WAIT, id="never goes forward"),
        pytest.param(Stream(), 9, 8, Fate.APPLY, id="begins an unknown stream where it stands"),
        pytest.param(blocked(3, 4), 4, 3, Fate.WAIT, id="does not pass a held event"),
        pytest.param(blocked(3, 4), 2, 1, Fate.APPLY, id="goes back in front of a held event"),
    ],
)
def test_a_replay_sets_a_stream_back(stream: Stream, number: int, sequence: int, fate: Fate) -> None:
    event = envelope(new_id(), number, replay=ReplayMark(new_id(), "parcel"))
    assert stream.fate(event, BEFORE, NOW) is fate
    assert stream.sequence == sequence


def test_what_was_applied_before_is_known_to_come_again() -> None:
    stream = free(2, highest=4)
    assert [stream.advance(number, NOW) for number in (3, 4, 5)] == [True, True, False]
    assert stream.highest == 5
