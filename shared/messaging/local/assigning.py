"""Who of a group reads which partition."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple
from uuid import UUID


class Place(NamedTuple):
    """A partition by its id in the local log, with the topic that a member must read to get it."""

    id: int
    topic: str


def share_out(
    members: Mapping[UUID, Set[str]], places: Sequence[Place], owners: Mapping[Place, UUID]
) -> dict[Place, UUID]:
    """The owner of each place that anybody may read, given each member's topics and the present owners.

    Shares differ by one at most (as far as topics allow), and no place moves that need not.
    """
    result = {
        place: owner
        for place in places
        if (owner := owners.get(place)) is not None and place.topic in members.get(owner, ())
    }
    load = Counter(result.values())

    def lightest(topic: str) -> UUID | None:
        able = (member for member in members if topic in members[member])
        return min(able, key=lambda member: (load[member], member), default=None)

    for place in places:
        if place not in result and (member := lightest(place.topic)) is not None:
            result[place] = member
            load[member] += 1
    moving = True
    while moving:  # ends: each move makes the sum of squared loads smaller
        moving = False
        for place, owner in result.items():
            member = lightest(place.topic)
            if member is not None and load[owner] > load[member] + 1:
                result[place] = member
                load[owner] -= 1
                load[member] += 1
                moving = True
    return result
