"""What of a request's words is compared: pairs of characters that are rare, and names of places. Plain Python.

Chinese has no spaces, and a dictionary of words would cost each process some 50 MB; two characters that follow each
other (伊景, 捆绑) tell nearly as much. What everybody writes (希望, 领导, 小区) tells nothing: `commonness.txt` says of
each common pair how common it is; what is not in it is rare.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

LENGTH = 3000
"""Characters of a body that are looked at: 99.7% of real messages are shorter."""
RARE = 7.0
"""Weight of what fewer than 8 of 4,326 real messages have: log(4326 / 4), since nobody knows how much rarer it is."""
_COMMON = 2.5
"""Below it, which is in more than one message of twelve, a pair tells nothing."""
_PLAIN = 4.0
"""Weight of a Latin word or a number of four digits and more; shorter ones and years are in too many texts."""
_STEP = 4
"""Levels of `commonness.txt` for each unit of weight."""
_FILE = Path(__file__).with_name("commonness.txt")
_RUN = re.compile(r"[\u4e00-\u9fff]+|[a-z]+\d*|\d+")
_HAN = "\u4e00"
_YEAR = re.compile(r"(?:19|20)\d\d")

# A3区, K8县: how the publisher of the real messages writes districts; and a real one's name is two characters.
_AREA = re.compile(r"[a-z]\d{1,2}(?=[区县市])")
_ENDINGS = """
    小区 花园 花苑 雅苑 名苑 佳苑 嘉苑 嘉园 家园 新村 新苑 新城 公寓 山庄 公馆 宿舍 别墅 家属院 名都 名府 华府 豪庭 华庭 雅居 安置房
    小学 中学 学校 大学 学院 幼儿园 医院 市场 超市 广场 公园 大厦 车站 地铁站 工业园 产业园 社区 大道 大街 国际 街道 集团 公司 项目
    镇 乡 村 路 街 巷 苑 园 庭 轩 府 湾 城 郡 邸 里 站 厂 桥 山 湖 组 栋 期
"""
_PLACE = re.compile("|".join(sorted(_ENDINGS.split(), key=len, reverse=True)))
_PLACE_PART = 2
"""Characters before an ending that make a name: where it begins cannot be seen, and two are enough."""
_NAME = re.compile(
    r"[\u4e00-\u9fff]{2}(?<![的了是在有这那个和与或及到从去往把被让给为将要也都就还没不]{1}.)(?<![的了是在有这那个和与或及到从口旁边近前后])"
)
_PLACES_WITHIN = 400
"""Characters of a body in which names of places are looked for: who means a place says so early."""


class Terms(NamedTuple):
    """What two requests are compared by."""

    words: Mapping[str, float]
    """Pair of characters, or number, or Latin word → how much it tells."""
    subject: frozenset[str]
    """Those of them that stand in the subject."""
    named: frozenset[str]
    """Those that are part of a place's name: in one estate everybody writes them, and of the concern they say nothing."""
    places: frozenset[str]
    areas: frozenset[str]


@dataclass(frozen=True, slots=True)
class Commonness:
    """How much a pair of characters tells: log of (all messages / messages that have it)."""

    weights: Mapping[str, float]

    def weight(self, term: str) -> float:
        return self.weights.get(term, RARE) if term[0] >= _HAN else _plain(term)

    @classmethod
    def parse(cls, lines: Iterable[str]) -> "Commonness":
        """A line is a level, a space, and all pairs of that level one after the other."""
        weights: dict[str, float] = {}
        for line in lines:
            level, _, pairs = line.rstrip("\n").partition(" ")
            weights |= dict.fromkeys(re.findall("..", pairs), int(level) / _STEP)
        return cls(MappingProxyType(weights))

    @classmethod
    def counted(cls, documents: Iterable[Iterable[str]], *, least: int = 8) -> str:
        """The content of the file, from the terms of many messages; pairs of fewer than `least` are left out."""
        count, found = 0, Counter[str]()
        for terms in documents:
            found.update(set(terms))
            count += 1
        levels: dict[int, list[str]] = {}
        for term, number in found.items():
            if number >= least and len(term) == 2 and term[0] >= _HAN:
                levels.setdefault(round(math.log(count / number) * _STEP), []).append(term)
        return "".join(f"{level} {''.join(sorted(levels[level]))}\n" for level in sorted(levels))


@cache
def commonness() -> Commonness:
    """As it is shipped. About 2 MB once it is read."""
    with _FILE.open(encoding="utf-8") as lines:
        return Commonness.parse(lines)


def normalise(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:LENGTH]).lower()


def pairs(text: str) -> list[str]:
    """Pairs of characters in the order of the text, numbers and Latin words whole. `text` is normalised."""
    found: list[str] = []
    for run in _RUN.findall(text):
        if run[0] >= _HAN:
            found += [run[at : at + 2] for at in range(len(run) - 1)]
        else:
            found.append(run)
    return found


def places(text: str) -> frozenset[str]:
    """What ends like the name of a place, with the two characters before it. `text` is normalised."""
    found = set()
    for match in _PLACE.finditer(text):
        before = text[max(0, match.start() - _PLACE_PART) : match.start()]
        if _NAME.fullmatch(before):
            found.add(before + match[0])
    return frozenset(found)


def terms_of(subject: str, body: str, known: Commonness, *, address: str | None = None) -> Terms:
    """Of a request's words. About 0.2 ms for 300 characters, some ms for what is longest."""
    title, text = normalise(subject), normalise(body)
    names = places(f"{title}。{normalise(address or '')}。{text[:_PLACES_WITHIN]}")
    in_subject = pairs(title)
    weights, log = known.weights.get, math.log
    words: dict[str, float] = {}
    for term, count in Counter(in_subject + pairs(text)).items():
        weight = weights(term, RARE) if term[0] >= _HAN else _plain(term)
        if weight > _COMMON:
            words[term] = weight if count == 1 else weight * (1 + log(count))
    named = {name[at : at + 2] for name in names for at in range(len(name) - 1)}
    return Terms(
        words,
        frozenset(words.keys() & set(in_subject)),
        frozenset(words.keys() & named),
        names,
        frozenset(_AREA.findall(title + text)),
    )


def _plain(term: str) -> float:
    """How much a Latin word or a number tells."""
    return _PLAIN if len(term) > 3 and not _YEAR.fullmatch(term) else 0.0
