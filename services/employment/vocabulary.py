"""The codes of working life, and what they have to do with each other. See `shared/contracts/vocabulary`.

An occupation's code begins with the sub-major group (中类) of the national classification of occupations
(职业分类大典, 2022); the name after the dot is ours, since a community offers a few dozen of its 1,600 occupations.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from services.employment.matching.knowledge import Knowledge

EDUCATION_RANK: Mapping[str, int] = {
    "primary": 1,
    "junior_secondary": 2,
    "senior_secondary": 3,
    "vocational_secondary": 3,
    "college": 4,
    "bachelor": 5,
    "postgraduate": 6,
}
"""A vocational secondary school is of the same level as a senior secondary one (高中阶段教育)."""


@cache
def knowledge() -> Knowledge:
    taught: dict[str, set[str]] = {}
    for course, skill in _pairs("training_skill"):
        taught.setdefault(course, set()).add(skill)
    return Knowledge(
        parents=dict(_pairs("occupation_tree")),
        courses={course: frozenset(skills) for course, skills in taught.items()},
        education_rank=EDUCATION_RANK,
    )


def _pairs(name: str) -> list[tuple[str, str]]:
    path = files("shared.contracts.vocabulary") / f"{name}.csv"
    _header, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    return [(first, second) for first, second in rows]
