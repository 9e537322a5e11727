"""When a concern at a place is a hot spot: the heat index, and the states that follow from it. Plain Python.

    heat = 10 * (people + 0.2 * repeats + 0.5 * votes) * (0.5 + 0.5 * residents / requests)

where `people` counts each resident once, by the latest of their requests, `repeats` every further request of the same
resident, `votes` every resident who said "me too" and filed nothing; each weighed by its age, half after `half_life`
days. So three neighbours who write in the same days are 30, one who writes ten times is 15, and three whose requests
are two weeks old are 15. The weights are our own estimates; docs/figures/hot_spots.md shows what they come to on real
messages.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeVar

_SCALE, _REPEAT, _VOTE = 10, 0.2, 0.5
_EVEN = 0.5
"""What remains of the heat of a concern that nearly all requests come from one resident about."""
_SAME = 2

K = TypeVar("K", bound=Hashable)


class State(StrEnum):
    EMERGING = "emerging"
    ANNOUNCED = "announced"
    COOLED = "cooled"
    """It was announced, and is none any more; it may be announced again."""


@dataclass(frozen=True, slots=True)
class Terms:
    """`[<tenant>.intake.hot_spots]` over these defaults."""

    half_life_days: int = 14
    announced_from: int = 30
    """Heat from which it is announced, when `residents` are concerned."""
    residents: int = 3
    cooled_below: int = 10
    window_days: int = 90
    """Requests further apart than that are not joined to the same hot spot: it has been quiet in between."""
    like_percent: int = 50
    """The least score, in hundredths, by which a request belongs to the hot spot of another."""

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> "Terms":
        """Raises ValueError that names the setting at fault."""
        known = {field.name for field in fields(cls)}
        for name, value in settings.items():
            if name not in known:
                raise ValueError(f"intake.hot_spots has no setting {name!r}")
            if type(value) is not int or not 1 <= value <= 10_000:
                raise ValueError(f"intake.hot_spots.{name}: a whole number from 1 to 10000")
        terms = cls(**settings)  # type: ignore[arg-type]  # looked at above
        if terms.cooled_below >= terms.announced_from:
            raise ValueError("intake.hot_spots.cooled_below has to be lower than announced_from")
        return terms


@dataclass(frozen=True, slots=True)
class Heat:
    """What the index is made of; `queries.measured` weighs and counts it in the database."""

    people: float = 0.0
    repeats: float = 0.0
    votes: float = 0.0
    """Each weighed by age: `0.5 ** (days / half_life_days)`, and 1 for what is said to come."""
    requests: int = 0
    residents: int = 0
    voters: int = 0

    @property
    def spread(self) -> float:
        return _EVEN + (1 - _EVEN) * self.residents / self.requests if self.requests else 1.0

    @property
    def index(self) -> int:
        return round(_SCALE * (self.people + _REPEAT * self.repeats + _VOTE * self.votes) * self.spread)


def next_state(state: State, heat: Heat, terms: Terms) -> State:
    """Announced from one threshold on and cooled below a lower one, so that it does not flicker in between."""
    if state is State.ANNOUNCED:
        return State.COOLED if heat.index < terms.cooled_below else State.ANNOUNCED
    concerned = heat.residents + heat.voters
    if heat.index >= terms.announced_from and concerned >= terms.residents:
        return State.ANNOUNCED
    return state


def gathered(links: Mapping[K, Sequence[float]]) -> tuple[K, list[K]]:
    """Which hot spot a request belongs to, and which of the others are the same one after all.

    `links`: for each, the scores of those of its requests that are like the new one. It belongs to the one with the most,
    by their sum. Another that it is like at least two of is the same: so two that began apart, in other words, become one.
    """
    chosen = max(links, key=lambda key: (sum(links[key]), str(key)))
    return chosen, [key for key, scores in links.items() if key != chosen and len(scores) >= _SAME]
