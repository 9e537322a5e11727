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
    words, subject = _shared(one.print, other.print)
    signs = {
        Sign.WORDS: _WORDS * words,
        Sign.SUBJECT: _SUBJECT * subject,
        Sign.PLACE: _place(one, other),
        Sign.CATEGORY: _category(one.category, other.category),
        Sign.TIME: _TIME * min(2.0, abs((one.filed - other.filed).days) / _HALF_YEAR),
    }
    return Likeness(1 / (1 + math.exp(-(_BASE + sum(signs.values())))), signs)


def _shared(one: Fingerprint, other: Fingerprint) -> tuple[float, float]:
    """How much of what tells of the concern stands in both (cosine), and how much of the subjects, each 0 to 1.

    Names of places are left out: they are compared by themselves.
    """
    mine, theirs = _of_concern(one), _of_concern(other)
    least = min(_weight(mine, one.subject), _weight(theirs, other.subject))
    shared = one.subject & other.subject & mine.keys() & theirs.keys()
    both = sum(min(mine[term], theirs[term]) for term in shared)
    return _cosine(mine, theirs), (min(1.0, both / least) if least else 0.0)


def _of_concern(print: Fingerprint) -> dict[int, float]:
    return {term: weight for term, weight in print.terms.items() if term not in print.named}


def _of_names(print: Fingerprint) -> dict[int, float]:
    return {term: print.terms[term] for term in print.named}


def _cosine(mine: Mapping[int, float], theirs: Mapping[int, float]) -> float:
    length = _length(mine) * _length(theirs)
    dot = sum(weight * theirs[term] for term, weight in mine.items() if term in theirs)
    return dot / length if length else 0.0


def _length(terms: Mapping[int, float]) -> float:
    return math.sqrt(sum(weight * weight for weight in terms.values()))


def _weight(terms: Mapping[int, float], some: frozenset[int]) -> float:
    return sum(terms[term] for term in some if term in terms)


def _place(one: Case, other: Case) -> float:
    found = _NAMES * _cosine(_of_names(one.print), _of_names(other.print))
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
