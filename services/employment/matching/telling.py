"""Who is told of what: the best few for each seeker, no more seekers a vacancy than it can take, and fairly."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

EQUALLY_GOOD = 0.05
"""Scores in one band of this width count as the same; among those the one who was told least comes first."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair that is good enough to tell the seeker of."""

    seeker: UUID
    vacancy: UUID
    score: float
    told_before: int
    """Vacancies that the seeker has been told of so far."""
    waiting_since: datetime
    """When the seeker registered."""
    again: bool = False
    """The seeker has been told of this vacancy before, and so takes no further room of it."""


def worth_telling(score: float, told_score: float | None, *, good_from: float, clearly_better: float) -> bool:
    """Good, and new or clearly better than when the seeker was last told of this vacancy."""
    if score < good_from:
        return False
    # Scores have four digits; without rounding 0.7 - 0.6 would be a hair less than 0.1.
    return told_score is None or round(score - told_score, 4) >= clearly_better


def choose(
    candidates: Iterable[Candidate], room: Mapping[UUID, int], *, at_most: int
) -> tuple[Candidate, ...]:
    """The pairs to tell of now, each seeker's best first.

    `room`: for each vacancy how many more seekers may be told of it. Best scores first; among equally good ones
    the seeker who was told least, then who waits longest. The rest is told nothing now; their matches are kept.
    """
    left = Counter(room)
    told: Counter[UUID] = Counter()
    chosen = []
    for candidate in sorted(candidates, key=_order):
        if told[candidate.seeker] == at_most or not (candidate.again or left[candidate.vacancy] > 0):
            continue
        told[candidate.seeker] += 1
        left[candidate.vacancy] -= not candidate.again
        chosen.append(candidate)
    return tuple(sorted(chosen, key=lambda c: (c.seeker, -c.score, c.vacancy)))


def _order(candidate: Candidate) -> tuple[int, int, datetime, float, UUID, UUID]:
    band = int(candidate.score / EQUALLY_GOOD + 1e-9)
    return (
        -band,
        candidate.told_before,
        candidate.waiting_since,
        -candidate.score,
        candidate.seeker,
        candidate.vacancy,
    )
