"""The places that a grid covers: `龙溪花园3栋`, `龙溪小学`, `龙溪路`, `龙溪路1至99号`, `龙溪路单号`, `A3区`.

A place is written as on its door plate, at most 24 characters (the contracts' `PlaceName`). It is read into a key, by which
an address finds it, and has a breadth, by which the narrower of two wins.
"""

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from shared.addressing.normalising import normalise
from shared.addressing.parsing import Address, parse
from shared.refusals import InvalidValue

# As in the contract `shared.contracts.base.PlaceName`; a test holds the two together.
PLACE_NAME = re.compile(r"([0-9]{0,4}[\u4e00-\u9fffA-Za-z])+[0-9]{0,4}")
PLACE_LENGTH = 24


class UnreadablePlace(InvalidValue):
    type = "unreadable-place"
    zh = "“{place}”不是可识别的地点：请按门牌填写，例如“龙溪花园3栋”“龙溪路1至99号”“龙溪小学”，不超过24个字。"
    en = "{place!r} cannot be read as a place: write it as on the door plate, at most 24 characters, no flat."


class Breadth(IntEnum):
    """The narrower, the smaller. A named house is narrower than the number it stands at, a number than its road."""

    UNIT = 1
    BUILDING = 2
    INSTITUTION = 3
    SECTION = 4
    ESTATE = 5
    DOOR = 6
    RANGE = 7
    NAME = 8
    """Something with a name that no rule knows (老槐树广场西): found when the address contains it."""
    ROAD = 9
    LANDMARK = 10
    """An address near an institution, where nothing better is known."""
    AREA = 11


class Parity(StrEnum):
    ALL = ""
    ODD = "单"
    EVEN = "双"

    def admits(self, number: int) -> bool:
        return self is Parity.ALL or (number % 2 == 1) is (self is Parity.ODD)


@dataclass(frozen=True, slots=True)
class Range:
    """House numbers of one side or stretch of a road, both ends included."""

    road: str
    first: int
    last: int
    parity: Parity

    @property
    def width(self) -> int:
        return (self.last - self.first + 1) * (2 if self.parity is Parity.ALL else 1)

    def holds(self, number: int) -> bool:
        return self.first <= number <= self.last and self.parity.admits(number)

    def numbers(self) -> frozenset[int]:
        return frozenset(number for number in range(self.first, self.last + 1) if self.parity.admits(number))


Key = tuple[Breadth, str | Range]
ENDLESS = 9999
_RANGE = re.compile(
    r"(?P<road>.*?[^\d单双])(?:(?P<first>\d{1,4})号?[至到-](?P<last>\d{1,4}))?(?P<parity>[单双])?号(?:[(]?(?P<side>[单双])号[)]?)?"
)


def place_name(text: str) -> str:
    """The place as it is stored and published: normalised, ranges with 至. Raises `UnreadablePlace`."""
    name = normalise(text)
    found = _range(name)
    if found is not None:
        stretch = "" if (found.first, found.last) == (1, ENDLESS) else f"{found.first}至{found.last}"
        name = f"{found.road}{stretch}{found.parity}号"
    if len(name) > PLACE_LENGTH or not PLACE_NAME.fullmatch(name) or parse(name).room is not None:
        raise UnreadablePlace(field="places", place=text[:PLACE_LENGTH])
    return name


def key_of(place: str) -> Key:
    """What `place` covers."""
    name = normalise(place)
    if (found := _range(name)) is not None:
        return Breadth.RANGE, found
    keys = [key for key in keys_of(parse(name), landmarks=False) if key[0] is not Breadth.NAME]
    return keys[0] if keys else (Breadth.NAME, name)


def keys_of(address: Address, *, landmarks: bool = True) -> list[Key]:
    """The keys of everything that an address lies in, the narrowest first."""
    keys: list[Key] = []
    section = address.section or ""
    if address.building:
        for base in _bases(address):
            for part in dict.fromkeys((section, "")):
                house = f"{base}/{part}/{address.building}"
                keys.append((Breadth.BUILDING, house))
                if address.unit:
                    keys.append((Breadth.UNIT, f"{house}/{address.unit}"))
    if address.institution:
        keys.append((Breadth.INSTITUTION, address.institution))
    if address.estate:
        keys.append((Breadth.ESTATE, address.estate))
        if section:
            keys.append((Breadth.SECTION, f"{address.estate}/{section}"))
    if address.road and address.number is not None:
        keys.append((Breadth.DOOR, f"{address.road}{address.number}"))
    keys.extend((Breadth.ROAD, road) for road in address.roads)
    if landmarks and address.landmark:
        keys.append((Breadth.LANDMARK, address.landmark))
    keys.extend((Breadth.AREA, area) for area in (address.area, address.section) if area)
    return sorted(keys, key=lambda key: key[0])


def _bases(address: Address) -> list[str]:
    """What a building's number may belong to, the likeliest first."""
    door = f"{address.road}{address.number}" if address.road and address.number is not None else None
    return [base for base in (address.estate, address.institution, door, address.area) if base]


def _range(name: str) -> Range | None:
    match = _RANGE.fullmatch(name)
    if match is None or not (match["first"] or match["parity"] or match["side"]):
        return None
    address = parse(match["road"])
    if address.road is None or address.number is not None:
        return None
    first, last = (int(match["first"]), int(match["last"])) if match["first"] else (1, ENDLESS)
    if first > last:
        return None
    return Range(address.road, first, last, Parity(match["parity"] or match["side"] or ""))
