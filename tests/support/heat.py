"""The heat of a concern, written down once more from the formula, for what the database counts to be held against."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.intake.hot_spots.rules import Heat, Terms


@dataclass(frozen=True, slots=True)
class Said:
    """A request of a hot spot, or a vote for it."""

    resident: UUID
    at: datetime


def heat_of(requests: Sequence[Said], votes: Iterable[Said], now: datetime, terms: Terms) -> Heat:
    """The heat of what was said until now."""
    latest: dict[UUID, datetime] = {}
    for said in requests:
        latest[said.resident] = max(said.at, latest.get(said.resident, said.at))
    people = sum(_weight(at, now, terms) for at in latest.values())
    counted = {vote.resident: vote.at for vote in votes if vote.resident not in latest}
    return Heat(
        people=people,
        repeats=sum(_weight(said.at, now, terms) for said in requests) - people,
        votes=sum(_weight(at, now, terms) for at in counted.values()),
        requests=len(requests),
        residents=len(latest),
        voters=len(counted),
    )


def _weight(at: datetime, now: datetime, terms: Terms) -> float:
    days = max(0.0, (now - at) / timedelta(days=1))
    return float(0.5 ** (days / terms.half_life_days))
