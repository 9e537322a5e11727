"""How a community weighs what fits: the policy `matching-1` and a tenant's own numbers in it.

[longxi.employment]
tell_at_most = 3
[longxi.employment.weights]
area = 0.2
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

VERSION = "matching-1"
"""Of the rules. A tenant with weights or musts of its own gets a digest of them behind it."""


class Criterion(StrEnum):
    """What is compared, in the order in which it is explained."""

    OCCUPATION = "occupation"
    REQUIRED_SKILL = "required_skill"
    WISHED_SKILL = "wished_skill"
    CERTIFICATE = "certificate"
    EDUCATION = "education"
    EXPERIENCE = "experience"
    PAY = "pay"
    AREA = "area"
    SHIFT = "shift"
    START_DATE = "start_date"


WEIGHTS: Mapping[Criterion, float] = MappingProxyType(
    {
        Criterion.OCCUPATION: 0.25,
        Criterion.REQUIRED_SKILL: 0.20,
        Criterion.WISHED_SKILL: 0.08,
        Criterion.CERTIFICATE: 0.07,
        Criterion.EDUCATION: 0.05,
        Criterion.EXPERIENCE: 0.08,
        Criterion.PAY: 0.12,
        Criterion.AREA: 0.08,
        Criterion.SHIFT: 0.05,
        Criterion.START_DATE: 0.02,
    }
)
"""Only their proportions matter: what a pair does not ask of is left out, and the rest makes up the whole."""

MUST_HAVE = frozenset(
    {
        Criterion.OCCUPATION,
        Criterion.REQUIRED_SKILL,
        Criterion.CERTIFICATE,
        Criterion.EDUCATION,
        Criterion.PAY,
        Criterion.AREA,
        Criterion.SHIFT,
    }
)
"""Without these a recommendation wastes two people's time. Experience and the start date can be talked about."""


@dataclass(frozen=True, slots=True)
class MatchingPolicy:
    """One tenant's numbers. Raises ValueError that names the setting at fault."""

    weights: Mapping[Criterion, float] = field(default_factory=lambda: WEIGHTS)
    must_have: frozenset[Criterion] = MUST_HAVE
    """Always has the occupation: what somebody does not want to do is not recommended."""
    good_from: float = 0.6
    """The score from which a seeker is told."""
    clearly_better: float = 0.1
    """A seeker who was told of a vacancy is told again when the score has risen by this much."""
    tell_at_most: int = 5
    """Vacancies that one seeker is told of in one run."""
    told_per_post: int = 20
    """Seekers told of a vacancy for each post still free, so that few are sent where there is no room."""
    version: str = field(init=False, default=VERSION)
    """What a match says it was decided by: changes whenever the same pair could be judged otherwise."""

    def __post_init__(self) -> None:
        self._check()
        if (self.weights, self.must_have) != (WEIGHTS, MUST_HAVE):
            numbers = json.dumps([dict(sorted(self.weights.items())), sorted(self.must_have)])
            digest = hashlib.sha256(numbers.encode()).hexdigest()[:8]
            object.__setattr__(self, "version", f"{VERSION}-{digest}")

    def _check(self) -> None:
        if set(self.weights) != set(Criterion):
            raise ValueError("weights: every criterion needs one")
        if any(not math.isfinite(weight) or weight < 0 for weight in self.weights.values()):
            raise ValueError("weights: a weight is a number from 0 up")
        if self.weights[Criterion.OCCUPATION] == 0:
            raise ValueError("weights: the occupation's has to be above 0")
        if Criterion.OCCUPATION not in self.must_have:
            raise ValueError("must_have: the occupation belongs to it")
        for name in ("good_from", "clearly_better"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}: a number above 0 and up to 1")
        for name in ("tell_at_most", "told_per_post"):
            if not 0 < getattr(self, name) <= 1000:
                raise ValueError(f"{name}: a whole number from 1 to 1000")


def policy_of(settings: Mapping[str, Any]) -> MatchingPolicy:
    """A tenant's policy from its `employment` settings; what they leave out is the default.

    Raises ValueError for an unknown setting or one out of range.
    """
    given = dict(settings)
    if "weights" in given:
        given["weights"] = {**WEIGHTS, **{_criterion(k): float(v) for k, v in given["weights"].items()}}
    if "must_have" in given:
        given["must_have"] = frozenset(_criterion(value) for value in given["must_have"])
    known = {"weights", "must_have", "good_from", "clearly_better", "tell_at_most", "told_per_post"}
    if unknown := set(given) - known:
        raise ValueError(f"unknown setting {min(unknown)!r}")
    return MatchingPolicy(**given)


def _criterion(value: str) -> Criterion:
    try:
        return Criterion(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a criterion") from None


@dataclass(frozen=True, slots=True)
class Policies:
    """The policy of each tenant."""

    by_tenant: Mapping[str, MatchingPolicy]

    def of(self, tenant: str) -> MatchingPolicy:
        """A tenant without settings of its own has the default policy."""
        return self.by_tenant.get(tenant, _DEFAULT)


_DEFAULT = MatchingPolicy()
