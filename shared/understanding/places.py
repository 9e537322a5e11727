"""The place that a message speaks of, where no address was given beside it.

Looks for what `shared.addressing` knows the endings of: estates, roads, institutions, and codes such as A3区. The subject
first; in the body the place named most often wins. A proposal: what it names may be somewhere else.
"""

import re
from collections import Counter
from dataclasses import dataclass

from shared.addressing import normalise, parse
from shared.understanding.terms import listed

_CODE = re.compile(r"(?<![A-Za-z0-9])[A-Z]\d{0,3}(?:市|县|区|镇|街道)")
_NAMED = re.compile(
    r"[\u4e00-\u9fffA-Z0-9]{2,10}?(?:小区|花园|花苑|家园|新村|新城|公寓|山庄|社区|大道|大街|小学|中学|学校|学院|大学|幼儿园|医院|市场|广场|公园|地铁站|火车站|汽车站|派出所|路|街|村|苑|园|城|府)"
)
_CUT = re.compile(
    r"^.*(?:[,，。；;:：!！?？、\s]|我们是|我是|反映|投诉|举报|咨询|关于|请问|位于|住在|家住|居住在|建议|希望|尊敬的|强制|计划|打通|要求|违规|涉嫌|存在|严重|为何|什么|何时|在|对|将|从|到|至|和|与|的|请|把|给|去|往|经过|有|于|为|是|让|被|叫|这个|那个|同一|整个|附近|旁边)"
)
_LEVELS = re.compile(r"^.*[A-Z]\d{0,3}(?:市|县|区|镇|街道)|^[市县区镇]|^.*(?:[了的]|我们|本人|\d[日号年])")
_NO_PLACE = frozenset(
    listed("小区 社区 学校 大学 医院 市场 广场 公园 我们小区 本小区 该小区 这条路 村 城 园 路 街")
)
_READ = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """What was found; empty where the words name no place. For a search or a person, never for an event."""

    codes: tuple[str, ...] = ()
    """Levels and areas by code, in the order of the text: A市, A3区."""
    name: str | None = None
    """The estate, institution or road named, without its levels."""
    road: str | None = None
    building: str | None = None


def place_in(subject: str, body: str, address: str | None = None) -> Place:
    text = f"{subject}\n{body[:_READ]}"
    codes = tuple(dict.fromkeys(_CODE.findall(f"{address or ''}\n{text}")))[:4]
    if address:
        parsed = parse(address)
        return Place(codes, parsed.place or parsed.road, parsed.road, parsed.building)
    names = _names(subject) or _names(body[:_READ])
    if not names:
        return Place(codes)
    name = max(names, key=lambda each: (names[each], len(each)))
    parsed = parse(name)
    plain = normalise(text)
    building = parse(plain[plain.find(normalise(name)) :][:30]).building
    return Place(codes, name, parsed.road, building)


def _names(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for match in _NAMED.finditer(text):
        name = _LEVELS.sub("", _CUT.sub("", match[0]))
        if len(name) > 2 and name not in _NO_PLACE:
            found[name] += 1
    return found
