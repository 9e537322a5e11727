"""What was seen of topics, what is missing, and how that is said."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from gaps.numbers import Numbers
from longxi_district.events import Event


class Range(NamedTuple):
    """Numbers `first` to `last` of one aggregate."""

    topic: str
    aggregate: str
    first: int
    last: int
    beginning: bool = False
    """What is missing is before the first event that was seen, so it may only be older than the topic's retention."""


@dataclass(slots=True)
class Seen:
    """Everything that was read so far."""

    numbers: dict[tuple[str, str], Numbers] = field(default_factory=dict)
    events: int = 0
    unreadable: int = 0

    def note(self, event: Event) -> None:
        self.events += 1
        self.numbers.setdefault((event.topic, event.subject), Numbers()).add(event.sequence)

    def missing(self, *, beginnings: bool) -> Iterator[Range]:
        """In the order in which the aggregates were first seen."""
        for (topic, aggregate), numbers in self.numbers.items():
            if beginnings and numbers.lowest > 1:
                yield Range(topic, aggregate, 1, numbers.lowest - 1, beginning=True)
            for first, last in numbers.holes():
                yield Range(topic, aggregate, first, last)

    def has(self, missing: Range) -> bool:
        numbers = self.numbers.get((missing.topic, missing.aggregate))
        return numbers is not None and numbers.has(missing.first, missing.last)


def line(missing: Range, what: str = "") -> str:
    numbers = str(missing.first) if missing.first == missing.last else f"{missing.first}-{missing.last}"
    before = " (before the first that was seen)" if missing.beginning else ""
    return f"{missing.topic}  {missing.aggregate}  {numbers}{before}{'  ' + what if what else ''}"
