"""How far the outbox has been sent. Pure, no I/O.

Positions are numbers of a sequence, so each is given to one event or to none: everything up to `position` has been
sent, save for the gaps, whose numbers were given out and not seen when what lies behind them was read. A gap is an
event whose transaction still runs, or one that was rolled back, and from outside they look the same. So gaps are
looked at again with every read, until all transactions that could own them have ended; what is not there by then never
comes. Nothing is passed over, and no row is touched to mark it.

When is that? A position is given out in a transaction that has its number already (the column's default sees to it).
So whoever owns a gap has a lower number than a transaction that began to write after the gap was seen: the one that
notes the progress. Its number is the gap's `horizon`. Once a noting has seen no transaction below that running, the
next read shows whatever was committed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

Reached = tuple[int, Sequence[int], Sequence[int]]
"""The position, and the first and the last of each gap."""


@dataclass(slots=True)
class Gap:
    """Positions `first` to `last`."""

    first: int
    last: int
    horizon: int | None = None
    """Every transaction that may own one of them has a lower number; None until progress is noted."""


class Progress:
    """Moves with each read. What `reached` gives may be stored as soon as all that was read is published."""

    def __init__(self, position: int, gaps: Iterable[tuple[int, int]] = ()) -> None:
        """As stored: each gap its first and its last position."""
        self.position = position
        self.gaps = [Gap(first, last) for first, last in gaps]
        self._ended = 0

    @property
    def reached(self) -> Reached:
        """To be stored, and given to a new one after a restart."""
        return self.position, [gap.first for gap in self.gaps], [gap.last for gap in self.gaps]

    def take(self, positions: Sequence[int], *, whole: bool) -> None:
        """These were read, in order, in one snapshot. `whole`: no event in a gap was left out for want of room."""
        late = [position for position in positions if position <= self.position]
        if self.gaps:
            self.gaps = list(self._remaining(late, whole=whole))
        expected = self.position + 1
        for position in positions[len(late) :]:
            if position != expected:
                self.gaps.append(Gap(expected, position - 1))
            expected = position + 1
        self.position = expected - 1

    def noted(self, transaction: int, ended: int) -> None:
        """Stored by this transaction, begun after the last read; when it began all those below `ended` had ended."""
        for gap in self.gaps:
            if gap.horizon is None:
                gap.horizon = transaction
        self._ended = ended

    def _remaining(self, late: Iterable[int], *, whole: bool) -> Iterator[Gap]:
        found = iter(late)
        position = next(found, None)
        for gap in self.gaps:
            first = gap.first
            never = whole and gap.horizon is not None and gap.horizon <= self._ended
            while position is not None and position <= gap.last:
                if not never and position > first:
                    yield Gap(first, position - 1, gap.horizon)
                first = position + 1
                position = next(found, None)
            if not never and first <= gap.last:
                yield Gap(first, gap.last, gap.horizon)
