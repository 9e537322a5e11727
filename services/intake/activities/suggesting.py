"""Programming suggestions (节目建议): what to put on next, and the numbers that say so. Plain Python, no learning.

Each kind of activity gets points from what residents ask for and from who came to what; the list shows where each point
comes from. The weights are our own estimate: a person who wanted a place and got none says more than a vote, a vote more
than a concern that an activity might help with.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType

from shared.contracts.vocabulary import codes

SHOWN_FROM = 5
"""People in an age band of a kind, below which the number is not shown: k-anonymity with k = 5, as is usual for official
small-area figures."""
REQUESTS, PROPOSALS, VOTES, UNPLACED = "requests", "proposals", "votes", "unplaced"
WELL, POORLY, LATELY = "well_attended", "poorly_attended", "not_held_lately"
WEIGHTS: Mapping[str, float] = MappingProxyType(
    {REQUESTS: 0.5, PROPOSALS: 2.0, VOTES: 1.0, UNPLACED: 3.0, WELL: 10.0, POORLY: -10.0, LATELY: 5.0}
)
WELL_FROM, POORLY_BELOW = 0.8, 0.4
"""Shares of the places at which those who came count for or against a kind."""
LATELY_DAYS = 60
_MOST_REQUESTS = 40.0
"""Points that requests may bring at most: one broken lift with a hundred complaints is no programme."""
_INTERESTS = Path(__file__).with_name("interests.csv")
BANDS = ((18, "under_18"), (35, "18_34"), (60, "35_59"), (75, "60_74"), (200, "75_up"))


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of one kind of activity in the months that are looked at."""

    requests: int = 0
    """Requests in the categories of `interests.csv`."""
    proposals: int = 0
    """Proposals of residents that were checked."""
    votes: int = 0
    held: int = 0
    places: int = 0
    """Places for participants at those that were held."""
    attended: int = 0
    """Participants who came."""
    unplaced: int = 0
    """People who waited and got no place."""
    last: date | None = None
    """When the last one was held, ever."""


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    """Of the vocabulary `suggestion_reason`."""
    number: int
    """What was counted: people, votes, per cent, days."""
    points: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    kind: str
    points: float
    reasons: Sequence[Reason]


@cache
def interests() -> Mapping[str, frozenset[str]]:
    """Kinds of activities by the beginning of a category's code: what concerns of that category an activity may help with."""
    with _INTERESTS.open(encoding="utf-8", newline="") as file:
        found = {row["category"]: frozenset(row["kinds"].split()) for row in csv.DictReader(file)}
    unknown = {kind for kinds in found.values() for kind in kinds} - set(codes("activity_kind"))
    if unknown:
        raise ValueError(f"interests.csv: no activity_kind {min(unknown)!r}")
    return MappingProxyType(found)


def kinds_of(category: str) -> frozenset[str]:
    """By the longest beginning of the code that the table has."""
    known = interests()
    for length in (6, 4, 2):
        if len(category) >= length and category[:length] in known:
            return known[category[:length]]
    return frozenset()


def by_kind(requests: Mapping[str, int]) -> Mapping[str, int]:
    """Numbers of requests by category, as numbers by kind of activity."""
    found: dict[str, int] = {}
    for category, number in requests.items():
        for kind in kinds_of(category):
            found[kind] = found.get(kind, 0) + number
    return found


def suggestions(figures: Mapping[str, Figures], today: date) -> Sequence[Suggestion]:
    """All kinds that anything speaks for, the strongest first; of equal ones in the order of their codes."""
    found = [_suggestion(kind, known, today) for kind, known in figures.items()]
    return sorted((it for it in found if it.points > 0), key=lambda it: (-it.points, it.kind))


def _suggestion(kind: str, known: Figures, today: date) -> Suggestion:
    reasons = [
        Reason(code, number, points)
        for code, number, points in (
            (REQUESTS, known.requests, min(_MOST_REQUESTS, known.requests * WEIGHTS[REQUESTS])),
            (PROPOSALS, known.proposals, known.proposals * WEIGHTS[PROPOSALS]),
            (VOTES, known.votes, known.votes * WEIGHTS[VOTES]),
            (UNPLACED, known.unplaced, known.unplaced * WEIGHTS[UNPLACED]),
        )
        if number
    ]
    if known.held and known.places:
        share = known.attended / known.places
        if share >= WELL_FROM:
            reasons.append(Reason(WELL, round(share * 100), WEIGHTS[WELL]))
        elif share < POORLY_BELOW:
            reasons.append(Reason(POORLY, round(share * 100), WEIGHTS[POORLY]))
    wanted = any(reason.points > 0 for reason in reasons)
    away = None if known.last is None else (today - known.last).days
    if wanted and away is not None and away > LATELY_DAYS:
        reasons.append(Reason(LATELY, away, WEIGHTS[LATELY]))
    reasons.sort(key=lambda reason: (-abs(reason.points), reason.code))
    return Suggestion(kind, sum(reason.points for reason in reasons), tuple(reasons))


def band_of(age: int | None) -> str:
    """Code of `age_band`."""
    if age is None:
        return "unknown"
    return next(band for below, band in BANDS if age < below)


def shown(bands: Mapping[str, int]) -> Mapping[str, int | None]:
    """Numbers by band; None stands for fewer than `SHOWN_FROM`.

    Where exactly one is hidden, the smallest of the others is hidden too: else a sum would give it away.
    """
    hidden = {band for band, people in bands.items() if 0 < people < SHOWN_FROM}
    if len(hidden) == 1:
        rest = {band: people for band, people in bands.items() if band not in hidden and people}
        if rest:
            hidden.add(min(rest, key=lambda band: (rest[band], band)))
    return {band: None if band in hidden else people for band, people in bands.items()}


__all__ = [
    "LATELY_DAYS",
    "SHOWN_FROM",
    "WEIGHTS",
    "Figures",
    "Reason",
    "Suggestion",
    "band_of",
    "by_kind",
    "interests",
    "kinds_of",
    "shown",
    "suggestions",
]
