"""The real messages, and what is compared of each."""

import csv
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from services.intake.duplicates.fingerprints import Printer
from services.intake.duplicates.rules.likeness import Case, Likeness, compare

_BESIDE = Path(__file__).parents[3] / "shared" / "data"
_HERE = ZoneInfo("Asia/Shanghai")
_KEY = b"the same key for every measuring"


@dataclass(frozen=True, slots=True)
class Letter:
    id: str
    resident: str
    at: datetime
    subject: str
    body: str
    upvotes: int
    case: Case


def folder() -> Path | None:
    """Where the messages are; None on a machine that has none."""
    found = Path(os.environ.get("LONGXI_DATA") or _BESIDE)
    return found if (found / "messages.csv").is_file() else None


def rows() -> Iterator[dict[str, str]]:
    """Raises FileNotFoundError."""
    found = folder()
    if found is None:
        raise FileNotFoundError("there is no messages.csv: LONGXI_DATA names the folder that has it")
    with (found / "messages.csv").open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


@cache
def letters() -> Mapping[str, Letter]:
    """By id, in the order of time. Takes two seconds."""
    printer = Printer(_KEY)
    found = [_letter(row, printer) for row in rows()]
    return {letter.id: letter for letter in sorted(found, key=lambda letter: (letter.at, letter.id))}


def likeness(one: str, other: str) -> Likeness:
    return compare(letters()[one].case, letters()[other].case)


class Finder:
    """What the tables of fingerprints do, in memory: those of the past that share terms with a new one."""

    def __init__(self, most: int = 40) -> None:
        self._most = most
        self._with: dict[int, list[Letter]] = defaultdict(list)

    def candidates(self, letter: Letter) -> Sequence[Letter]:
        """Those that share most, by weight; as `duplicates.queries.similar` chooses them."""
        print = letter.case.print
        shared: dict[str, float] = defaultdict(float)
        known: dict[str, Letter] = {}
        for term in print.sought:
            for other in self._with[term][-250:]:
                shared[other.id] += print.terms[term]
                known[other.id] = other
        best = sorted(shared, key=lambda id: (-shared[id], id))[: self._most]
        return [known[id] for id in best]

    def add(self, letter: Letter) -> None:
        for term in letter.case.print.sought:
            self._with[term].append(letter)


def _letter(row: Mapping[str, str], printer: Printer) -> Letter:
    at = datetime.fromisoformat(row["submitted_at"]).replace(tzinfo=_HERE)
    case = Case(printer.of(row["subject"], row["body"]), at)
    return Letter(
        row["message_id"], row["resident_ref"], at, row["subject"], row["body"], int(row["upvotes"]), case
    )
