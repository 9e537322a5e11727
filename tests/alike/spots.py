"""Hot spots of a year of real messages, by the rules of the service, as its job would have found them from day to day."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from services.intake.duplicates.rules.likeness import compare
from services.intake.hot_spots.rules import Heat, Terms, gathered
from tests.alike.letters import Finder, Letter, letters
from tests.support.heat import Said, heat_of

_NAMES = UUID(int=2019)
TERMS = Terms()


@dataclass(slots=True)
class Spot:
    members: list[Letter] = field(default_factory=list)
    peak: Heat | None = None
    peaked: datetime | None = None

    @property
    def residents(self) -> int:
        return len({letter.resident for letter in self.members})

    @property
    def upvotes(self) -> int:
        return sum(letter.upvotes for letter in self.members)

    def heat(self, now: datetime, *, votes: bool) -> Heat:
        """Upvotes are said to have come on the day of their message, each by somebody else: the data do not say."""
        here = [letter for letter in self.members if letter.at <= now]
        said = [Said(uuid5(_NAMES, letter.resident), letter.at) for letter in here]
        voters = [
            Said(uuid5(_NAMES, f"{letter.id}/{number}"), letter.at)
            for letter in here
            for number in range(letter.upvotes if votes else 0)
        ]
        return heat_of(said, voters, now, TERMS)


def spots(*, terms: Terms = TERMS) -> Sequence[Spot]:
    """All, in the order of their first message."""
    finder, of, found = Finder(), dict[str, int](), dict[int, Spot]()
    window = timedelta(days=terms.window_days)
    for letter in letters().values():
        alike = [
            (other, score)
            for other in finder.candidates(letter)
            if letter.at - other.at <= window
            and (score := compare(letter.case, other.case).score) * 100 >= terms.like_percent
        ]
        finder.add(letter)
        if not alike:
            continue
        links: dict[int, list[float]] = {}
        for other, score in alike:
            if other.id in of:
                links.setdefault(of[other.id], []).append(score)
        chosen, same = gathered(links) if links else (len(of) + 1, [])
        spot = found.setdefault(chosen, Spot())
        for absorbed in same:
            spot.members += found.pop(absorbed).members
        spot.members += [letter, *(other for other, _ in alike if other.id not in of)]
        of |= dict.fromkeys((member.id for member in spot.members), chosen)
    return list(found.values())


def hottest(year: int, *, count: int, votes: bool) -> Sequence[tuple[Spot, Heat, datetime]]:
    """By the highest heat that a spot reached in the year."""
    reached = []
    for spot in spots():
        moments = [letter.at for letter in spot.members if letter.at.year == year]
        if moments:
            heats = [(spot.heat(at, votes=votes), at) for at in moments]
            heat, at = max(heats, key=lambda pair: (pair[0].index, pair[1]))
            reached.append((spot, heat, at))
    return sorted(reached, key=lambda each: -each[1].index)[:count]
