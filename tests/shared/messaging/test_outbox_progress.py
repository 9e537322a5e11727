"""What was not seen is looked for until it cannot come any more, and not a moment less."""

import itertools
import random

import pytest

from shared.messaging.outbox_progress import Progress


@pytest.mark.parametrize(
    ("read", "gaps"),
    [
        pytest.param([1, 2, 3], [], id="one after the other"),
        pytest.param([3, 4], [(1, 2)], id="the first are missing"),
        pytest.param([1, 4, 6, 7], [(2, 3), (5, 5)], id="some between are missing"),
        pytest.param([], [], id="nothing there"),
    ],
)
def test_numbers_that_are_not_seen_are_gaps(read: list[int], gaps: list[tuple[int, int]]) -> None:
    progress = Progress(0)
    progress.take(read, whole=True)
    assert gaps_of(progress) == gaps
    assert progress.position == max(read, default=0)


@pytest.mark.parametrize(
    ("late", "gaps"),
    [
        pytest.param([10], [(11, 14), (20, 20)], id="its first"),
        pytest.param([14], [(10, 13), (20, 20)], id="its last"),
        pytest.param([12], [(10, 11), (13, 14), (20, 20)], id="one in it"),
        pytest.param([10, 12, 20], [(11, 11), (13, 14)], id="several of both"),
        pytest.param([10, 11, 12, 13, 14], [(20, 20)], id="all of one"),
        pytest.param([], [(10, 14), (20, 20)], id="none"),
    ],
)
def test_what_commits_late_leaves_its_gap(late: list[int], gaps: list[tuple[int, int]]) -> None:
    progress = Progress(30, [(10, 14), (20, 20)])
    progress.take([*late, 31, 33], whole=True)
    assert gaps_of(progress) == [*gaps, (32, 32)]


def test_a_gap_is_given_up_when_all_that_may_own_it_have_ended_and_not_before() -> None:
    progress = Progress(0)
    progress.take([2], whole=True)
    progress.noted(transaction=100, ended=90)  # its owner may be 95
    progress.take([3], whole=True)
    assert gaps_of(progress) == [(1, 1)]
    progress.noted(transaction=110, ended=99)
    progress.take([4], whole=True)
    assert gaps_of(progress) == [(1, 1)]
    progress.noted(transaction=120, ended=100)
    progress.take([5], whole=True)
    assert gaps_of(progress) == []


def test_a_gap_that_was_read_after_the_last_noting_has_no_horizon_yet() -> None:
    progress = Progress(0)
    progress.noted(transaction=100, ended=100)
    progress.take([2], whole=True)
    progress.take([3], whole=True)
    assert gaps_of(progress) == [(1, 1)]


def test_nothing_is_given_up_by_a_read_that_had_no_room_for_all_that_is_late() -> None:
    progress = Progress(9, [(1, 8)])
    progress.noted(transaction=100, ended=100)
    progress.noted(transaction=110, ended=110)
    progress.take([2, 3], whole=False)
    assert gaps_of(progress) == [(1, 1), (4, 8)]
    progress.take([4], whole=True)
    assert gaps_of(progress) == []


def test_a_restart_goes_on_with_the_same_gaps_and_waits_for_their_owners_anew() -> None:
    progress = Progress(0)
    progress.take([3, 5], whole=True)
    progress.noted(transaction=100, ended=100)
    position, firsts, lasts = progress.reached
    again = Progress(position, zip(firsts, lasts, strict=True))
    assert gaps_of(again) == [(1, 2), (4, 4)]
    again.take([6], whole=True)
    assert gaps_of(again) == [(1, 2), (4, 4)]


class Server:
    """A model: transactions take a number, then positions, and end in any order, some by a rollback."""

    def __init__(self, luck: random.Random) -> None:
        self.visible: set[int] = set()
        self._luck = luck
        self._running: dict[int, list[int]] = {}
        self._transactions, self._positions = itertools.count(1), itertools.count(1)

    def live(self) -> None:
        if self._luck.random() < 0.4:
            self._running[next(self._transactions)] = []
        for transaction, positions in list(self._running.items()):
            if self._luck.random() < 0.5:
                positions.append(next(self._positions))
            if self._luck.random() < 0.3:
                self._running.pop(transaction)
                self.visible |= set(positions) if self._luck.random() < 0.7 else set()

    def end(self) -> None:
        self._running.clear()

    def read(self, progress: Progress, limit: int) -> list[int]:
        gaps = gaps_of(progress)
        late = sorted(one for one in self.visible if any(first <= one <= last for first, last in gaps))
        new = sorted(one for one in self.visible if one > progress.position)
        progress.take([*late, *new][:limit], whole=len(late) < limit)
        return [*late, *new][:limit]

    def note(self, progress: Progress) -> None:
        transaction = next(self._transactions)
        progress.noted(transaction, ended=min(self._running, default=transaction))


@pytest.mark.parametrize("seed", range(30))
def test_whatever_the_order_of_commits_and_rollbacks_all_is_read_and_once(seed: int) -> None:
    luck = random.Random(seed)  # noqa: S311 - chance for a test
    server, progress = Server(luck), Progress(0)
    found: list[int] = []
    for _ in range(400):
        server.live()
        if luck.random() < 0.5:
            found += server.read(progress, luck.choice([1, 3, 50]))
        if luck.random() < 0.5:
            server.note(progress)
    server.end()
    for _ in range(3):
        server.note(progress)
        found += server.read(progress, 1000)
    assert sorted(found) == sorted(server.visible)
    assert progress.gaps == []


def gaps_of(progress: Progress) -> list[tuple[int, int]]:
    return [(gap.first, gap.last) for gap in progress.gaps]
