"""`parse`: an address as people write it, read into its parts.

A name ends with a word that says what it is (花园, 路, 小学) and begins where the last one ended; the administrative
levels before it are taken off. Endings in a row belong together: 龙溪路小学 is a school, 龙溪社区服务中心 a centre.
"""

import re
from dataclasses import dataclass

from shared.addressing.normalising import normalise
from shared.addressing.words import ENDINGS, LEADS, NEARBY, SHORT_ENDINGS, Sort, alternatives

_HAN = r"\u4e00-\u9fff"


@dataclass(frozen=True, slots=True)
class Address:
    """What was found; None or empty where the address does not say. All in the normal form of `normalise`."""

    text: str
    """The whole address, normalised."""
    roads: tuple[str, ...] = ()
    """The one that the number belongs to first; two for a corner."""
    number: int | None = None
    """House number at the first road (its main number: 12 of 12-1号)."""
    estate: str | None = None
    institution: str | None = None
    landmark: str | None = None
    """An institution that the address is near to, not in."""
    area: str | None = None
    section: str | None = None
    """Part of an estate: 东区, 3期."""
    building: str | None = None
    """Number or letter without 栋: `3`, `A3`."""
    unit: str | None = None
    floor: str | None = None
    room: str | None = None

    @property
    def road(self) -> str | None:
        return self.roads[0] if self.roads else None

    @property
    def place(self) -> str | None:
        """The narrowest thing with a name."""
        return self.institution or self.estate


_NUMBER = r"\d|[A-Z]\d*(?:栋|区)|[甲乙丙丁]栋"
_PART = rf"{_NUMBER}|[东南西北中](?:区|栋)"
_ENDINGS = {
    **{ending: sort for sort, endings in ENDINGS.items() for ending in endings.split()},
    **{ending: sort for sort, endings in SHORT_ENDINGS.items() for ending in endings.split()},
}
_LONG = alternatives(ending for endings in ENDINGS.values() for ending in endings.split())
_SHORT = alternatives(ending for endings in SHORT_ENDINGS.values() for ending in endings.split())
_NEARBY = alternatives(NEARBY)
_ENDING = re.compile(rf"({_LONG})|({_SHORT})(?={_PART}|$|[-口内]|{_NEARBY})")
_LONG_ENDING = re.compile(_LONG)
_LEAD = re.compile(rf"(?:{alternatives(LEADS)})+")

# 省, 市, 区县, 街道镇乡, 社区, each at most once and in this order. What follows must be the start of a name: 社区服务中心
# and 市民中心 are none of these.
_ADMINISTRATIVE = (
    re.compile(rf"[{_HAN}]{{2,3}}?(省)"),
    re.compile(rf"(?:[{_HAN}]{{2,4}}?(?<!城)|[A-Z]\d?)(市)(?![场政民府区])"),
    re.compile(rf"[{_HAN}]{{2,4}}?(?<![小社园校厂舍活属发新景片])([区县])"),
    re.compile(rf"[{_HAN}]{{1,5}}?(街道|镇|乡)"),
    re.compile(rf"[{_HAN}]{{1,6}}?(社区居委会|社区|居委会|村委会|居民委员会|村民委员会)"),
)
_NO_NAME = re.compile(
    rf"(?:{_LONG}|卫生|服务|活动|党群|日间|居民|物业|警务|医院|大|口|(?:{_SHORT})(?={_NUMBER}|$))"
)

_LANE = re.compile(r"(\d{1,5})弄")
_DOOR = re.compile(r"(\d{1,5})(?:-\d{1,4}|之\d{1,4})?(?:号(?:大院|院)?|(?![\d号栋单元室户楼层期区弄-]))")
_AREA = re.compile(r"(?:[A-Z]\d{0,3}|\d{1,2}|[东南西北中])(?:片区|区|片|地块)")
_UNNAMED = re.compile(
    rf"([{_HAN}]{{2,12}}?)(?=(?:(?:[东南西北中]|[A-Z]|\d{{1,2}})[区期])?(?:[A-Z]?\d{{1,4}}[A-Z]?|[A-Z]|[甲乙丙丁])栋)"
)
_SECTION = r"(?:(?P<section>(?:[东南西北中]|[A-Z]\d{0,2}|\d{1,2})[区期]))?"
_BUILDING = r"(?:(?P<building>[A-Z]?\d{1,4}[A-Z]?|[A-Z]|[甲乙丙丁东南西北中])栋|(?P<house>\d{1,4})号(?![线路])|(?P<dashed>[A-Z]?\d{1,3}[A-Z]?)-(?=\d))?"
_UNIT = r"(?:(?P<unit>\d{1,2}|[A-Z甲乙丙丁东西中])(?:单元|门)|(?P<dashed_unit>\d{1,2})-(?=\d))?-?"
_FLOOR = r"(?:(?P<floor>\d{1,2})[楼层F])?-?"
_ROOM = r"(?:(?P<room>\d{3,5}[A-Z]?|\d{1,2}(?=[室户]))[室户]?)?"
_INSIDE = re.compile(_SECTION + _BUILDING + _UNIT + _FLOOR + _ROOM)
_NEAR = re.compile(_NEARBY)


def parse(address: str) -> Address:
    """Never fails: an address without anything known has only its text. About 30 µs."""
    text = normalise(address)
    found = _Found()
    position = _skip_administrative(text, _skip_lead(text, 0))
    while position < len(text):
        position = _step(text, position, found)
    return Address(text, tuple(dict.fromkeys(found.roads)), **found.parts)  # type: ignore[arg-type]


class _Found:
    """What has been read so far; the first finding of each part stays."""

    def __init__(self) -> None:
        self.roads: list[str] = []
        self.parts: dict[str, str | int] = {}

    def keep(self, part: str, value: str | int | None) -> None:
        if value is not None:
            self.parts.setdefault(part, value)

    def estate(self, name: str) -> None:
        # "龙溪社区新村的龙溪花园3栋": the building belongs to the estate right before it.
        if "building" not in self.parts:
            self.parts["estate"] = name


def _skip_lead(text: str, position: int) -> int:
    lead = _LEAD.match(text, position)
    return lead.end() if lead else position


def _skip_administrative(text: str, position: int) -> int:
    for level in _ADMINISTRATIVE:
        match = level.match(text, position)
        if match and match.end() < len(text) and _starts_name(text, match):
            position = match.end()
    return position


def _starts_name(text: str, level: re.Match[str]) -> bool:
    """Whether what follows an administrative level can be a name, and the level itself holds no other ending."""
    rest = text[level.end()]
    return (
        ("\u4e00" <= rest <= "\u9fff" or rest.isalpha())
        and not _NO_NAME.match(text, level.end())
        and not _LONG_ENDING.search(text, level.start() + 1, level.start(1))
    )


def _step(text: str, start: int, found: _Found) -> int:
    """Read one name and what hangs on it; returns where to go on."""
    position = _skip_lead(text, start)
    if area := _AREA.match(text, position):
        found.keep("area", area[0])
        return _inside(text, area.end(), found)
    ending, unnamed = _ending_from(text, position), _UNNAMED.search(text, position)
    if unnamed and (ending is None or unnamed.end() < ending[0]):
        found.estate(unnamed[1])
        return _inside(text, unnamed.end(), found)
    if ending is None:
        _inside(text, position, found)
        return len(text)
    end, sort = ending
    return _named(text, end, sort, text[position:end].lstrip("-0123456789") or text[position:end], found)


def _named(text: str, end: int, sort: Sort, name: str, found: _Found) -> int:
    match sort:
        case Sort.ROAD:
            return _road(text, end, name, found)
        case Sort.AREA:
            found.keep("area", name)
        case Sort.ESTATE:
            found.estate(_estate(name))
        case Sort.INSTITUTION:
            if near := _NEAR.match(text, end):
                found.keep("landmark", name)
                return near.end()
            found.keep("institution", name)
    return _inside(text, end, found)


def _ending_from(text: str, position: int) -> tuple[int, Sort] | None:
    """Where the name that begins at `position` ends, endings in a row taken together, and what it is."""
    match = _ENDING.search(text, position + 1)
    if match is None:
        return None
    while following := _ENDING.match(text, match.end()):
        match = following
    return match.end(), _ENDINGS[match[0]]


def _estate(name: str) -> str:
    """龙溪花园小区 is 龙溪花园; 龙溪小区 stays."""
    short = name.removesuffix("小区")
    return (
        short
        if short != name and _ENDING.search(short, 1) and _ENDING.search(short, len(short) - 2)
        else name
    )


def _road(text: str, end: int, name: str, found: _Found) -> int:
    found.roads.append(name)
    if lane := _LANE.match(text, end):
        # Shanghai's way: 长宁路120弄3号501室, the lane is the estate and 3号 a building of it.
        found.estate(f"{name}{lane[0]}")
        return _inside(text, lane.end(), found)
    door = _DOOR.match(text, end)
    if door and len(found.roads) == 1:
        found.keep("number", int(door[1]))
        return _inside(text, door.end(), found, house=False)
    return _inside(text, end, found, house=False)


def _inside(text: str, position: int, found: _Found, *, house: bool = True) -> int:
    """Section, building, unit, floor and room from `position` on; `house`: 3号 is a building here."""
    match = _INSIDE.match(text, position)
    if match is None or match.end() == position:
        return position
    parts = match.groupdict()
    if parts["house"] and not house:
        return position
    found.keep("section", parts["section"])
    found.keep("building", parts["building"] or parts["house"] or parts["dashed"])
    found.keep("unit", parts["unit"] or parts["dashed_unit"])
    found.keep("floor", parts["floor"])
    found.keep("room", parts["room"])
    return match.end()
