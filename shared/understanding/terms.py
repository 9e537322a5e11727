"""The words that speak for a category, and how they are found in a text.

A term is a run of two to twelve characters. The glossary and the names of the taxonomy say which categories it speaks
for; how much it says is learned: rare terms and long ones say more.
"""

import csv
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from shared.contracts.vocabulary import codes

GLOSSARY = Path(__file__).with_name("glossary.csv")
OTHER = "其他"
"""The taxonomy's name for what fits nowhere else; no term."""
LONGEST = 12
READ = 10_000
"""Characters of a text that are looked at: as many as a request may have."""


@cache
def speaking() -> Mapping[str, tuple[str, ...]]:
    """Every term of the glossary and the taxonomy with the codes that it speaks for, at their own level."""
    found: dict[str, dict[str, None]] = {}
    with GLOSSARY.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for term in row["terms"].split():
                found.setdefault(normal(term), {})[row["code"]] = None
    for code, (zh, _) in codes("category").items():
        for term in zh.replace("、", "和").split("和"):
            if 1 < len(term) <= LONGEST and term != OTHER:
                found.setdefault(normal(term), {})[code] = None
    return MappingProxyType({term: tuple(codes) for term, codes in found.items()})


def normal(text: str) -> str:
    """Half width and upper case, as terms are compared."""
    return unicodedata.normalize("NFKC", text).upper()


class Said(NamedTuple):
    """A message as terms are looked for in it: its parts in their normal form, made once for everybody who looks."""

    subject: str
    body: str
    long: int
    """Characters before anything was cut off, the line between the parts included."""

    @classmethod
    def of(cls, subject: str, body: str) -> "Said":
        return cls(normal(subject)[:READ], normal(body)[:READ], len(subject) + 1 + len(body))


def listed(words: str) -> tuple[str, ...]:
    """A list of words as it is written here: with spaces between."""
    return tuple(words.split())


class Finder:
    """Counts terms in a text. Built once; 300 characters take about 60 µs."""

    def __init__(self, terms: Iterable[str]) -> None:
        lengths: dict[str, set[int]] = {}
        self._terms = frozenset(terms)
        for term in self._terms:
            lengths.setdefault(term[:2], set()).add(len(term))
        self._lengths = {start: tuple(sorted(found)) for start, found in lengths.items()}

    def count(self, text: str) -> dict[str, int]:
        """How often each term stands in a text that is normal already. Terms within others count as well."""
        found: dict[str, int] = {}
        lengths, terms = self._lengths, self._terms
        starts = [(at, pair) for at, pair in enumerate(map(str.__add__, text, text[1:])) if pair in lengths]
        for at, pair in starts:
            for length in lengths[pair]:
                term = text[at : at + length]
                # A slice that the text's end cut short is another, shorter term, which is counted already.
                if len(term) == length and term in terms:
                    found[term] = found.get(term, 0) + 1
        return found
