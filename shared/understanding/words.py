"""Words that a community's own decisions teach: runs of two to four characters, each with what it says.

A weight is the smoothed logarithm of how much likelier the run is in messages of a category than in the others
(Monroe and others, Fightin' Words, 2008: log odds with a prior, divided by their standard error, so that what was seen
few times weighs little). A run that fewer than four messages hold is left out: it would be somebody's own words.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from shared.understanding.terms import READ, normal

RARE = 4
"""Messages, of different people, that hold a run before it is learnt."""
_SURE = 2.6
"""Standard errors from no difference: about one in a hundred by chance."""
_MOST = 400
"""Words that a model learns, the surest first."""
_STRENGTH = 0.25
"""Of the log odds, per logarithm of how often the run stands there."""
_HAN = re.compile(r"[\u4e00-\u9fff]+")


class _Message(Protocol):
    @property
    def subject(self) -> str: ...
    @property
    def body(self) -> str: ...


class _Decision(Protocol):
    @property
    def level(self) -> str: ...
    @property
    def message(self) -> _Message: ...


class _Knows(Protocol):
    def knows(self, term: str) -> bool: ...


def new_words(base: _Knows, decisions: Sequence[_Decision]) -> Mapping[str, Mapping[str, float]]:
    """By run, its weight for the one category that it speaks for."""
    total: Counter[str] = Counter()
    inside: dict[str, Counter[str]] = {}
    size: Counter[str] = Counter()
    for each in decisions:
        runs = set(_runs(each.message.subject)) | set(_runs(each.message.body))
        total.update(runs)
        inside.setdefault(each.level, Counter()).update(runs)
        size[each.level] += 1
    found: list[tuple[float, str, str, float]] = []
    for level, counts in inside.items():
        for run, count in counts.items():
            if total[run] < RARE or count * 2 <= total[run] or base.knows(run):
                continue
            odds, error = _log_odds(count, size[level], total[run] - count, len(decisions) - size[level])
            if odds / error >= _SURE:
                found.append((odds / error, run, level, odds))
    found.sort(key=lambda each: (-each[0], -len(each[1]), each[1]))
    kept: dict[str, Mapping[str, float]] = {}
    for _, run, level, odds in found:
        if len(kept) == _MOST:
            break
        if not any(run in other or other in run for other in kept):
            kept[run] = {level: _STRENGTH * odds}
    return kept


def _log_odds(inside: int, of: int, outside: int, others: int) -> tuple[float, float]:
    """The difference of the logarithms of the odds, and its standard error; half a message added to each."""
    a, b = inside + 0.5, of - inside + 0.5
    c, d = outside + 0.5, others - outside + 0.5
    return math.log(a / b) - math.log(c / d), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)


def _runs(text: str) -> Iterable[str]:
    for match in _HAN.finditer(normal(text)[:READ]):
        piece = match[0]
        for length in (2, 3, 4):
            for at in range(len(piece) - length + 1):
                yield piece[at : at + length]
