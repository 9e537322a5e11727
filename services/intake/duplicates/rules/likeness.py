"""How alike two requests are, and what spoke for it: words, place, category, time.

The score is a probability, from a line through the features (a logistic one). Its numbers were set on pairs of real
messages that were judged by reading, those marked `setting` in `tests/services/intake/duplicate_pairs.csv`; the others
say how good it is (docs/figures/duplicates.md).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.intake.duplicates.fingerprints import Fingerprint


class Sign(StrEnum):
    """What may speak for or against a duplicate."""

    WORDS = "words"
    SUBJECT = "subject"
    PLACE = "place"
    CATEGORY = "category"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Case:
    """All that is compared of a request."""

    print: Fingerprint
    filed: datetime
    category: str | None = None
    grid: UUID | None = None
    place: str | None = None
    """By which the grid was found."""


@dataclass(frozen=True, slots=True)
class Likeness:
    score: float
    """0 to 1."""
    signs: Mapping[Sign, float]
    """What each contributed to the score's log odds; above 0 speaks for it."""

    @property
    def spoke_for(self) -> tuple[Sign, ...]:
        """The strongest first."""
        speaking = [sign for sign, value in self.signs.items() if value > _HEARD]
        return tuple(sorted(speaking, key=lambda sign: -self.signs[sign]))


OFFERED = 0.5
"""From this score on a request is offered to be joined; a community may set another."""
_HEARD = 0.25

_BASE = -3.8
_WORDS, _SUBJECT = 8.5, 2.9
_NAMES, _PLACES = 1.3, 1.5
_OTHER_PLACES, _OTHER_AREA = -1.1, -1.5
"""Names of places are read from words, and often two texts name the same place by different ones."""
_SAME_PLACE, _SAME_GRID, _OTHER_GRID = 1.5, -1.5, -2.5
"""By the addresses that were given: the same door plate, another one of the same grid, another grid. Our own estimate,
since the real messages have no addresses."""
_SAME_CATEGORY, _OTHER_CATEGORY = 0.5, -1.0
_HALF_YEAR = 182.5
_TIME = -1.0
"""For each half year between the two, at most two of them: a concern of long ago may be another by now."""


def compare(one: Case, other: Case) -> Likeness:
    return Comparer(one)(other)


class Comparer:
    """Compares one request with many: what is counted of it is counted once."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._side = _Side.of(case.print)

    def __call__(self, other: Case) -> Likeness:
        one, mine, theirs = self._case, self._side, _Side.of(other.print)
        signs = {
            Sign.WORDS: _WORDS * _cosine(mine.concern, theirs.concern, mine.length * theirs.length),
            Sign.SUBJECT: _SUBJECT * _subject(mine, theirs),
            Sign.PLACE: _place(one, other)
            + _NAMES * _cosine(mine.names, theirs.names, mine.names_length * theirs.names_length),
            Sign.CATEGORY: _category(one.category, other.category),
            Sign.TIME: _TIME * min(2.0, abs((one.filed - other.filed).days) / _HALF_YEAR),
        }
        return Likeness(1 / (1 + math.exp(-(_BASE + sum(signs.values())))), signs)


@dataclass(frozen=True, slots=True)
class _Side:
    """What is counted of a fingerprint. Names of places are left out of the concern: they are compared by themselves."""

    concern: Mapping[int, float]
    length: float
    subject: frozenset[int]
    subject_weight: float
    names: Mapping[int, float]
    names_length: float

    @classmethod
    def of(cls, print: Fingerprint) -> "_Side":
        named = print.named
        concern = {term: weight for term, weight in print.terms.items() if term not in named}
        names = {term: print.terms[term] for term in named}
        subject = print.subject - named
        return cls(
            concern,
            math.hypot(*concern.values()),
            subject,
            sum(concern[term] for term in subject),
            names,
            math.hypot(*names.values()),
        )


def _subject(mine: _Side, theirs: _Side) -> float:
    """How much of the shorter subject stands in the other one, 0 to 1."""
    least = min(mine.subject_weight, theirs.subject_weight)
    shared = mine.subject & theirs.subject
    both = sum(min(mine.concern[term], theirs.concern[term]) for term in shared)
    return min(1.0, both / least) if least else 0.0


def _cosine(mine: Mapping[int, float], theirs: Mapping[int, float], lengths: float) -> float:
    if not lengths:
        return 0.0
    return sum(mine[term] * theirs[term] for term in mine.keys() & theirs.keys()) / lengths


def _place(one: Case, other: Case) -> float:
    found = 0.0
    names, others = one.print.places, other.print.places
    if names and others:
        shared = len(names & others) / min(len(names), len(others))
        found += _PLACES * shared if shared else _OTHER_PLACES
    areas, other_areas = one.print.areas, other.print.areas
    if areas and other_areas and not areas & other_areas:
        found += _OTHER_AREA
    if one.place is not None and other.place is not None:
        if one.grid != other.grid:
            found += _OTHER_GRID
        else:
            found += _SAME_PLACE if one.place == other.place else _SAME_GRID
    return found


def _category(one: str | None, other: str | None) -> float:
    """By the first of the taxonomy's levels; nothing where one is not classified."""
    if one is None or other is None:
        return 0.0
    return _SAME_CATEGORY if one[:2] == other[:2] else _OTHER_CATEGORY
