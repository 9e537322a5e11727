"""Pairs that were judged by reading both messages: same concern at the same place or project, or not."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from services.intake.duplicates.rules.likeness import OFFERED
from tests.alike.letters import Finder, letters, likeness

FILE = Path(__file__).parents[1] / "services" / "intake" / "duplicate_pairs.csv"


class Pair(NamedTuple):
    one: str
    other: str
    same: bool
    part: str
    """`setting`: the numbers of the rules were set on it; `proving`: it was not looked at while they were."""


@dataclass(frozen=True, slots=True)
class Quality:
    """At a threshold: of what is offered, how much is right; of what is the same, how much is offered."""

    threshold: float
    right: int
    wrong: int
    missed: int
    rest: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def judged(part: str | None = None) -> Sequence[Pair]:
    with FILE.open(encoding="utf-8", newline="") as lines:
        found = [
            Pair(row["one"], row["other"], row["same"] == "yes", row["part"]) for row in csv.DictReader(lines)
        ]
    return [pair for pair in found if part in {None, pair.part}]


def quality(pairs: Iterable[Pair], threshold: float = OFFERED) -> Quality:
    """A pair counts as offered where the search by terms finds it too, not only where its score is high enough."""
    right = wrong = missed = rest = 0
    for pair in pairs:
        offered = likeness(pair.one, pair.other).score >= threshold and found(pair)
        right += offered and pair.same
        wrong += offered and not pair.same
        missed += not offered and pair.same
        rest += not offered and not pair.same
    return Quality(threshold, right, wrong, missed, rest)


def found(pair: Pair) -> bool:
    """Whether the later one's search comes upon the earlier one, among all messages before it."""
    later = max((letters()[pair.one], letters()[pair.other]), key=lambda letter: (letter.at, letter.id))
    earlier = pair.one if later.id == pair.other else pair.other
    return earlier in _candidates()[later.id]


_kept: dict[str, frozenset[str]] = {}


def _candidates() -> dict[str, frozenset[str]]:
    if not _kept:
        finder = Finder()
        for letter in letters().values():
            _kept[letter.id] = frozenset(each.id for each in finder.candidates(letter))
            finder.add(letter)
    return _kept
