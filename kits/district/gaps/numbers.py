"""The numbers of one aggregate's events that were seen, and those between them that were not. No I/O."""

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(slots=True)
class Numbers:
    """Kept as ranges, since most are without a hole."""

    _firsts: list[int] = field(default_factory=list)
    _lasts: list[int] = field(default_factory=list)

    @property
    def lowest(self) -> int:
        return self._firsts[0]

    def add(self, number: int) -> None:
        place = bisect_right(self._firsts, number)
        if place and number <= self._lasts[place - 1]:
            return
        follows = place > 0 and self._lasts[place - 1] == number - 1
        leads = place < len(self._firsts) and self._firsts[place] == number + 1
        if follows and leads:
            self._lasts[place - 1] = self._lasts[place]
            del self._firsts[place], self._lasts[place]
        elif follows:
            self._lasts[place - 1] = number
        elif leads:
            self._firsts[place] = number
        else:
            self._firsts.insert(place, number)
            self._lasts.insert(place, number)

    def holes(self) -> list[tuple[int, int]]:
        """First and last number of each range that is missing between the lowest and the highest that were seen."""
        return [(last + 1, first - 1) for last, first in zip(self._lasts[:-1], self._firsts[1:], strict=True)]

    def has(self, first: int, last: int) -> bool:
        """Whether all of this range was seen."""
        place = bisect_right(self._firsts, first)
        return place > 0 and last <= self._lasts[place - 1]
