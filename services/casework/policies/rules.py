"""The numbers of the assignment policy: defaults of the platform, and what a tenant says otherwise.

The effort of a category is an estimate, since no source gives one: minutes of a worker's time from the first call to
the note of the result, going there and back included. Each case records the minutes really spent beside it, from which
a community corrects the table in its settings:

    [longxi.casework]
    over_cap = "queue"
    cap_factor = 1.0
    owner_tolerance_minutes = 60
    [longxi.casework.effort]
    "01" = [120, 90, 75, 120]
    [longxi.casework.named_skills]
    mediation = ["13", "0103"]
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from services.casework.policies.limits import CaseLimits, limits_from
from shared.contracts.intake import Urgency

_FAMILY = "fair-1"
"""Changes when the rules themselves do; the digest behind it tells the numbers apart."""
UNKNOWN_CATEGORY = "none"
_SETTINGS = {"over_cap", "cap_factor", "owner_tolerance_minutes", "effort", "named_skills"}

Efforts = tuple[int, int, int, int]
"""Minutes for emergency, urgent, normal and long."""
_COLUMN = {Urgency.EMERGENCY: 0, Urgency.URGENT: 1, Urgency.NORMAL: 2, Urgency.LONG: 3}

# An emergency takes everything at once and often two visits; a long one (疑难) takes talks with several offices.
EFFORT: Mapping[str, Efforts] = MappingProxyType(
    {
        "01": (120, 90, 60, 120),  # 城乡建设: a look on site, photographs, the property company
        "02": (60, 45, 30, 60),  # 党务政务: mostly to explain and pass on
        "03": (90, 75, 60, 150),  # 国土资源: papers, rights, several offices
        "04": (90, 75, 60, 90),  # 环境保护: a look on site, often twice
        "05": (60, 45, 45, 90),  # 纪检监察: recorded and handed up
        "06": (90, 60, 45, 90),  # 交通运输
        "07": (60, 45, 45, 75),  # 经济管理
        "08": (60, 45, 30, 60),  # 科技与信息产业
        "09": (120, 90, 60, 120),  # 民政: a visit to the home
        "10": (90, 60, 60, 90),  # 农村农业
        "11": (60, 60, 45, 75),  # 商贸旅游
        "12": (120, 90, 60, 90),  # 卫生计生: a visit, a hospital
        "13": (120, 90, 75, 150),  # 政法: mediation with both sides
        "14": (60, 45, 45, 75),  # 教育文体
        "15": (75, 60, 60, 90),  # 劳动和社会保障: papers and the employer
        UNKNOWN_CATEGORY: (90, 60, 45, 90),
    }
)
NAMED_SKILLS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "building_safety": ("0101", "0105"),
        "environment_patrol": ("04",),
        "digital_help": ("08",),
        "elder_care": ("09",),
        "health": ("12",),
        "legal_advice": ("13",),
        "mediation": ("13",),
        "employment_guidance": ("15",),
    }
)
"""The categories that a named skill is good for, beside those of a worker's category skills."""


class OverCap(StrEnum):
    """What becomes of a case when everyone eligible is at the cap."""

    ASSIGN = "assign"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class AssignmentPolicy:
    """A tenant's numbers. Minutes everywhere; `cap_factor` times a worker's weekly hours is that worker's cap."""

    over_cap: OverCap
    cap_factor: float
    tolerance: int
    """How many minutes more than the least loaded a grid's owner may carry; see `average_effort`."""
    effort: Mapping[str, Efforts]
    named_skills: Mapping[str, tuple[str, ...]]
    limits: CaseLimits
    version: str
    """The same for the same numbers, and only for them."""

    def effort_of(self, category: str | None, urgency: Urgency) -> int:
        """Estimated minutes of a request."""
        row = self.effort.get(category[:2]) if category else None
        return (row or self.effort[UNKNOWN_CATEGORY])[_COLUMN[urgency]]

    def cap(self, weekly_minutes: int) -> int:
        """The most open minutes a worker of these hours should carry."""
        return round(weekly_minutes * self.cap_factor)


def average_effort(effort: Mapping[str, Efforts]) -> int:
    """Mean minutes of a normal request over all categories: "one average effort"."""
    normal = [row[_COLUMN[Urgency.NORMAL]] for row in effort.values()]
    return round(sum(normal) / len(normal))


def policy_from(
    settings: Mapping[str, Any], limits: Mapping[str, Any] = MappingProxyType({})
) -> AssignmentPolicy:
    """The policy of a tenant's tables `casework` and `intake.limits`; what they leave out has the default.

    Raises ValueError that names the setting at fault.
    """
    if unknown := sorted(set(settings) - _SETTINGS):
        raise ValueError(f"casework.{unknown[0]}: no such setting")
    effort = {**EFFORT, **{code: _efforts(code, row) for code, row in _table(settings, "effort").items()}}
    named = _table(settings, "named_skills")
    skills = {**NAMED_SKILLS, **{skill: _categories(skill, codes) for skill, codes in named.items()}}
    over_cap = settings.get("over_cap", OverCap.ASSIGN.value)
    if over_cap not in {choice.value for choice in OverCap}:
        raise ValueError(f"casework.over_cap: {over_cap!r} is neither assign nor queue")
    factor = settings.get("cap_factor", 1.0)
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 < factor <= 10:
        raise ValueError("casework.cap_factor: a number above 0, at most 10")
    tolerance = settings.get("owner_tolerance_minutes", average_effort(effort))
    if isinstance(tolerance, bool) or not isinstance(tolerance, int) or tolerance < 0:
        raise ValueError("casework.owner_tolerance_minutes: minutes, 0 or more")
    numbers = [over_cap, float(factor), tolerance, sorted(effort.items()), sorted(skills.items())]
    digest = hashlib.sha256(json.dumps(numbers).encode()).hexdigest()[:8]
    return AssignmentPolicy(
        over_cap=OverCap(over_cap),
        cap_factor=float(factor),
        tolerance=tolerance,
        effort=MappingProxyType(effort),
        named_skills=MappingProxyType(skills),
        limits=limits_from(limits),
        version=f"{_FAMILY}-{digest}",
    )


class Policies:
    """The policy of each tenant, read once at the start so that a wrong setting stops the start."""

    def __init__(self, by_tenant: Mapping[str, AssignmentPolicy]) -> None:
        self._policies = dict(by_tenant)

    def __getitem__(self, tenant: str) -> AssignmentPolicy:
        return self._policies[tenant]


def _table(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = settings.get(name, {})
    if not isinstance(table, Mapping):
        raise ValueError(f"casework.{name}: expected a table")
    return table


def _efforts(code: str, row: object) -> Efforts:
    if (
        not isinstance(row, Sequence)
        or len(row) != len(_COLUMN)
        or not all(isinstance(minutes, int) and minutes > 0 for minutes in row)
    ):
        raise ValueError(f"casework.effort.{code}: four whole numbers of minutes (emergency to long)")
    emergency, urgent, normal, long = row
    return emergency, urgent, normal, long


def _categories(skill: str, codes: object) -> tuple[str, ...]:
    if not isinstance(codes, Sequence) or not all(
        isinstance(code, str) and code.isdecimal() and len(code) in {2, 4, 6} for code in codes
    ):
        raise ValueError(f"casework.named_skills.{skill}: a list of category codes")
    return tuple(codes)
