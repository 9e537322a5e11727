"""On real messages: of what is offered nine in ten are right, and of what is the same eight in ten are offered."""

import pytest

from tests.alike import letters
from tests.alike.judged import judged, quality

pytestmark = pytest.mark.skipif(
    letters.folder() is None, reason="no real messages here: LONGXI_DATA names the folder that has them"
)


def test_the_pairs_that_nothing_was_set_on() -> None:
    found = quality(judged("proving"))
    assert found.precision >= 0.9, found
    assert found.recall >= 0.8, found


def test_all_pairs_are_of_messages_that_there_are() -> None:
    pairs = judged()
    assert len(judged("proving")) == 200
    assert all(each in letters.letters() for pair in pairs for each in (pair.one, pair.other))
    assert len({frozenset((pair.one, pair.other)) for pair in pairs}) == len(pairs)
