"""What the rules need to know of the world: which occupations are related, which course teaches what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

SAME, SAME_GROUP, SAME_FAMILY, UNRELATED = 1.0, 0.7, 0.4, 0.0
"""How close two occupations are: the same; one group (cleaner, street cleaner); one family (cleaner, gardener)."""


@dataclass(frozen=True)
class Knowledge:
    parents: Mapping[str, str]
    """Occupation → group, group → family."""
    courses: Mapping[str, frozenset[str]]
    """Course → the skills that it teaches."""
    education_rank: Mapping[str, int] = field(default_factory=dict)
    """Level of education → its height; equal ones stand for each other."""

    def closeness(self, wanted: str, offered: str) -> float:
        """From SAME to UNRELATED; an occupation that the tree does not know is related to itself only."""
        if wanted == offered:
            return SAME
        group, other = self.parents.get(wanted), self.parents.get(offered)
        if group is None or other is None:
            return UNRELATED
        if group == other:
            return SAME_GROUP
        return SAME_FAMILY if self.parents.get(group, group) == self.parents.get(other, other) else UNRELATED

    @cached_property
    def related(self) -> Mapping[str, frozenset[str]]:
        """For each occupation those that are not unrelated to it, itself included."""
        leaves = set(self.parents) - set(self.parents.values())
        return {a: frozenset(b for b in leaves if self.closeness(a, b) > UNRELATED) for a in leaves}

    def related_to(self, occupations: frozenset[str]) -> frozenset[str]:
        return occupations.union(*(self.related.get(code, frozenset()) for code in occupations))

    def training_for(self, missing: tuple[str, ...]) -> tuple[str, ...]:
        """Courses that teach a missing skill: those that teach more of them first, then by code."""
        gaps = frozenset(missing)
        taught = {course: len(skills & gaps) for course, skills in self.courses.items()}
        return tuple(sorted((c for c, count in taught.items() if count), key=lambda c: (-taught[c], c)))
