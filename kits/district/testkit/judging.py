"""Whether a consumer did what a golden stream asks for, point by point. No I/O."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from testkit.listing import Listing
from testkit.streams import Expected, Line, Missing


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that was looked at."""

    what: str
    wrong: str = ""
    """Why it failed; empty where it passed."""

    @property
    def passed(self) -> bool:
        return not self.wrong


def judge(expected: Expected, listing: Listing, *, missing_lines: bool = True) -> list[Point]:
    """`missing_lines`: whether the consumer lists what it noticed to be missing."""
    ours = [line for line in listing.applied if line.id in expected.published]
    points = [
        Point("every event that can be applied is", _unapplied(expected, ours)),
        Point("each once", _repeated(ours)),
        Point("in the order of the subject", _disordered(expected, ours)),
        Point("nothing that has to wait, or is not known", _untimely(expected, ours)),
    ]
    if expected.missing and missing_lines:
        points.append(Point("what is missing was noticed", _unnoticed(expected.missing, listing.missing)))
    return points


def complete(expected: Expected, listing: Listing, *, missing_lines: bool) -> bool:
    """Whether all is there that is waited for."""
    ours = [line for line in listing.applied if line.id in expected.published]
    noticed = not missing_lines or not _unnoticed(expected.missing, listing.missing)
    return not _unapplied(expected, ours) and noticed


def _unapplied(expected: Expected, ours: Sequence[Line]) -> str:
    there = {line.id for line in ours}
    return _say("not applied", [line for line in expected.applied if line.id not in there])


def _repeated(ours: Sequence[Line]) -> str:
    often = Counter(line.id for line in ours)
    return _say(
        "applied more than once", list({line.id: line for line in ours if often[line.id] > 1}.values())
    )


def _disordered(expected: Expected, ours: Sequence[Line]) -> str:
    wanted = {line.id for line in expected.applied}
    for subject in dict.fromkeys(line.subject for line in expected.applied):
        # Of an event that was applied again the first time counts here; the other is told by another point.
        order = list(
            dict.fromkeys(line.sequence for line in ours if line.subject == subject and line.id in wanted)
        )
        if order != sorted(order):
            return f"{subject}: applied in the order {', '.join(map(str, order))}"
    return ""


def _untimely(expected: Expected, ours: Sequence[Line]) -> str:
    allowed = {line.id for line in expected.applied} | expected.optional
    return _say("applied, and should not be yet", [line for line in ours if line.id not in allowed])


def _unnoticed(wanted: Sequence[Missing], listed: Sequence[Missing]) -> str:
    left = [one for one in wanted if not set(_numbers(one)) <= set(_listed(one.subject, listed))]
    return "; ".join(f"{one.subject}: {one.first} to {one.last} is missing and not listed" for one in left)


def _listed(subject: str, listed: Sequence[Missing]) -> Iterator[int]:
    for one in listed:
        if one.subject == subject:
            yield from _numbers(one)


def _numbers(one: Missing) -> range:
    return range(one.first, one.last + 1)


def _say(what: str, lines: Sequence[Line]) -> str:
    return (
        f"{what}: " + ", ".join(f"{line.subject} number {line.sequence}" for line in lines) if lines else ""
    )
