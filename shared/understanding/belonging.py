"""Whose business a message is: the community's, another department's, or nobody's (`responsibility.csv`).

A default by category of the official taxonomy, the narrowest line first; a tenant may have other arrangements and decides.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType

from shared.contracts.vocabulary import codes

COMMUNITY = "community"
"""The community itself, in the vocabulary `department`."""
_FILE = Path(__file__).with_name("responsibility.csv")


class Belongs(StrEnum):
    COMMUNITY = "community"
    DEPARTMENT = "department"
    NOBODY = "nobody"
    """Thanks, a greeting, an advertisement, words without sense: there is nothing to do."""


@dataclass(frozen=True, slots=True)
class Belonging:
    to: Belongs
    department: str | None
    """A code of the vocabulary `department`, where there is something to do; `community` where it is ours."""
    zh: str
    en: str
    """Who, for people."""


NOBODY = Belonging(Belongs.NOBODY, None, "无需办理", "nobody: there is nothing to do")


@cache
def belongings() -> Mapping[str, Belonging]:
    """By category; a line holds for the categories below it that have none of their own."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return MappingProxyType(
            {row["code"]: _belonging(row["department"], row["zh"], row["en"]) for row in csv.DictReader(file)}
        )


def _belonging(department: str, zh: str, en: str) -> Belonging:
    """The file says who helps the community; a department is called as the vocabulary calls it."""
    to = Belongs.COMMUNITY if department == COMMUNITY else Belongs.DEPARTMENT
    names = codes("department")[department]
    return Belonging(to, department, zh or names[0], en or names[1])


def belonging_of(category: str) -> Belonging:
    """By the narrowest line that holds the category. Raises LookupError for one that is not of the taxonomy."""
    for length in (6, 4, 2):
        found = belongings().get(category[:length])
        if found is not None and len(category) >= length:
            return found
    raise LookupError(f"no category {category!r}")
