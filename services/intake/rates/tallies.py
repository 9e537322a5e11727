"""Marks summed up: the rates themselves, what is left out beside them, and what is unusual. Plain Python."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from services.intake.rates.rules import Course, Flag, Kind, Mark
from shared.understanding.belonging import belonging_of

PAST_MONTHS = 6
"""The community's own past that a month's exclusions are compared with."""
_LEAST_BEFORE = 30
"""Call-backs in the past below which nothing can be called usual. Our own estimate, as the next one."""
_LEAST_MORE = 3
"""So many exclusions more than expected at least, so that small numbers do not alarm."""
_DEVIATIONS = 3.0
"""Standard deviations of a binomial distribution: by chance about once in 700 months."""


class By(StrEnum):
    """What the figures are broken down by."""

    COMMUNITY = "community"
    GRID = "grid"
    LEVEL_1 = "level1"
    """Of the category; likewise the next two."""
    LEVEL_2 = "level2"
    LEVEL_3 = "level3"
    DEPARTMENT = "department"
    """That the category is the business of (`shared/understanding/responsibility.csv`), the community among them."""
    CHANNEL = "channel"
    MONTH = "month"


LEVELS: Mapping[By, int] = {By.LEVEL_1: 2, By.LEVEL_2: 4, By.LEVEL_3: 6}
"""Digits of the category."""


@dataclass(slots=True)
class Tally:
    """The figures of one line: counts of call-backs and requests."""

    rated: int = 0
    """Call-backs that count: the denominator of all three rates."""
    responded: int = 0
    resolved: int = 0
    satisfied: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    """By reason."""
    rejected: Counter[str] = field(default_factory=Counter)
    """By reason."""
    duplicates: int = 0
    withdrawn: int = 0
    waiting: int = 0
    """Closed in that month and not called back until now."""
    history: int = 0
    """Records of the past that were filed for that month."""
    flags: Counter[str] = field(default_factory=Counter)

    @property
    def called_back(self) -> int:
        return self.rated + self.excluded.total()

    def add(
        self, kind: Kind, reason: str | None, count: int, *, yes: tuple[int, int, int] = (0, 0, 0)
    ) -> None:
        """`yes`: how many of them answered that they were responded to, resolved, satisfied."""
        match kind:
            case Kind.RATED:
                self.rated += count
                self.responded += yes[0]
                self.resolved += yes[1]
                self.satisfied += yes[2]
            case Kind.EXCLUDED:
                self.excluded[reason or "unknown"] += count
            case Kind.REJECTED:
                self.rejected[reason or "unknown"] += count
            case Kind.DUPLICATE:
                self.duplicates += count
            case Kind.WITHDRAWN:
                self.withdrawn += count


def share(part: int, whole: int) -> float | None:
    """None where there is nothing to take a share of."""
    return part / whole if whole else None


def key_of(line: Mark | Course, by: By, month: str) -> str | None:
    """The line that a mark belongs to; None where it says nothing of it (no category, no grid)."""
    match by:
        case By.COMMUNITY:
            return ""
        case By.GRID:
            return None if line.grid is None else str(line.grid)
        case By.CHANNEL:
            return line.channel
        case By.MONTH:
            return month
        case By.DEPARTMENT:
            return None if line.category is None else belonging_of(line.category).department
        case _:
            digits = LEVELS[by]
            category = line.category
            return None if category is None or len(category) < digits else category[:digits]


def tally(
    marks: Iterable[Mark],
    by: By = By.COMMUNITY,
    *,
    month: Callable[[Mark], str] = lambda mark: f"{mark.month:%Y-%m}",
) -> Mapping[str | None, Tally]:
    """The figures of these marks, line by line."""
    found: dict[str | None, Tally] = {}
    for mark in marks:
        line = found.setdefault(key_of(mark, by, month(mark)), Tally())
        yes = (int(bool(mark.responded)), int(bool(mark.resolved)), int(bool(mark.satisfied)))
        line.add(mark.kind, mark.reason, 1, yes=yes)
        line.flags.update(flag.value for flag in mark.flags)
    return found


def unusual_exclusions(now: Tally, before: Sequence[Tally]) -> bool:
    """Whether so many call-backs were excluded as the community's own past does not explain.

    Compared with a binomial distribution of the past's share; half a case is added to the past, so that the first
    exclusions after none at all are not infinitely unlikely.
    """
    past = sum(month.called_back for month in before)
    if past < _LEAST_BEFORE or not now.called_back:
        return False
    usual = (sum(month.excluded.total() for month in before) + 0.5) / (past + 1)
    expected = usual * now.called_back
    deviation = math.sqrt(expected * (1 - min(usual, 1.0)))
    more = now.excluded.total() - expected
    return more >= _LEAST_MORE and more > _DEVIATIONS * deviation


__all__ = ["LEVELS", "PAST_MONTHS", "By", "Flag", "Tally", "key_of", "share", "tally", "unusual_exclusions"]
