"""An address is understood as people write it."""

import timeit
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.addressing import normalise, parse

NORMALISED = [
    ("龙溪花园３栋５０１室", "龙溪花园3栋501室", "full-width digits"),
    ("龙溪花园三栋", "龙溪花园3栋", "a numeral"),
    ("龙溪花园十二号楼", "龙溪花园12栋", "ten and more, 号楼"),
    ("龙溪花园二十幢", "龙溪花园20栋", "a round number, 幢"),
    ("龙溪花园一百零二号", "龙溪花园102号", "over a hundred"),
    ("龙溪花园两单元", "龙溪花园2单元", "spoken two"),
    ("龙溪花园三〇一室", "龙溪花园301室", "digits read out"),
    ("龙溪花园3#", "龙溪花园3栋", "a hash"),
    ("地铁2#线", "地铁2#线", "a hash of a line"),
    ("龙溪花园3#楼", "龙溪花园3栋", "a hash and 楼"),
    ("龙溪大厦a座", "龙溪大厦A栋", "lower case, 座"),
    ("龙溪花园 3 栋（东门）", "龙溪花园3栋东门", "spaces and brackets"),
    ("龙溪路12—1号", "龙溪路12-1号", "any dash"),
    ("四季花园", "四季花园", "a numeral in a name stays"),
    ("五一路八号", "五一路8号", "in the name no, as the number yes"),
    ("龙溪第一小学", "龙溪第一小学", "an ordinal in a name stays"),
    ("501号房", "501室", "a room by another word"),
]


@pytest.mark.parametrize(("written", "normal", "reason"), NORMALISED, ids=[case[2] for case in NORMALISED])
def test_one_form_for_what_is_written_in_many(written: str, normal: str, reason: str) -> None:
    assert normalise(written) == normal, reason


PARSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "浙江省龙溪市城东区龙溪街道龙溪社区龙溪路12号龙溪花园3栋2单元501室",
        {
            "roads": ("龙溪路",),
            "number": 12,
            "estate": "龙溪花园",
            "building": "3",
            "unit": "2",
            "room": "501",
        },
        "everything, with all levels before it",
    ),
    ("龙溪花园3-2-501", {"estate": "龙溪花园", "building": "3", "unit": "2", "room": "501"}, "dashes"),
    ("龙溪花园3-501", {"estate": "龙溪花园", "building": "3", "room": "501"}, "two dashed numbers: no unit"),
    ("龙溪花园3#501", {"estate": "龙溪花园", "building": "3", "room": "501"}, "a hash for the building"),
    ("龙溪花园小区3栋", {"estate": "龙溪花园", "building": "3"}, "小区 after 花园 says nothing more"),
    ("龙溪小区3栋", {"estate": "龙溪小区", "building": "3"}, "小区 alone is the name"),
    ("龙溪花园东区3栋", {"estate": "龙溪花园", "section": "东区", "building": "3"}, "a part of the estate"),
    (
        "龙溪花园（三期）3幢",
        {"estate": "龙溪花园", "section": "3期", "building": "3"},
        "a phase, in brackets",
    ),
    ("龙溪花园A3栋", {"estate": "龙溪花园", "building": "A3"}, "letter and number"),
    (
        "龙溪花园3栋2门501",
        {"estate": "龙溪花园", "building": "3", "unit": "2", "room": "501"},
        "门 for the unit",
    ),
    (
        "龙溪新村5号302",
        {"estate": "龙溪新村", "building": "5", "room": "302"},
        "号 in an estate is the building",
    ),
    ("龙溪村12号", {"estate": "龙溪村", "building": "12"}, "and in a village the house"),
    ("龙溪里3栋", {"estate": "龙溪里", "building": "3"}, "a one-character ending before a number"),
    ("龙溪金域3栋", {"estate": "龙溪金域", "building": "3"}, "no known ending: the building tells"),
    (
        "长宁路120弄3号501室",
        {"roads": ("长宁路",), "estate": "长宁路120弄", "building": "3", "room": "501"},
        "a lane",
    ),
    ("龙溪路12号", {"roads": ("龙溪路",), "number": 12}, "a door"),
    ("龙溪路12", {"roads": ("龙溪路",), "number": 12}, "a door without 号"),
    ("龙溪路12-1号", {"roads": ("龙溪路",), "number": 12}, "a door beside the door"),
    ("龙溪路12号院5栋", {"roads": ("龙溪路",), "number": 12, "building": "5"}, "a court behind the door"),
    (
        "龙溪路12号3栋2单元",
        {"roads": ("龙溪路",), "number": 12, "building": "3", "unit": "2"},
        "buildings at a door",
    ),
    ("龙溪东路十八号", {"roads": ("龙溪东路",), "number": 18}, "a numeral at the door"),
    ("龙溪路与建设路交叉口", {"roads": ("龙溪路", "建设路")}, "a corner"),
    ("县前街12号", {"roads": ("县前街",), "number": 12}, "县 begins the name"),
    ("镇海路3号", {"roads": ("镇海路",), "number": 3}, "镇 begins the name"),
    ("城东区县前街12号", {"roads": ("县前街",), "number": 12}, "a district, then 县 in the name"),
    ("城市花园3栋", {"estate": "城市花园", "building": "3"}, "市 within the name"),
    ("东方城市花园3栋", {"estate": "东方城市花园", "building": "3"}, "城市 is no city"),
    ("龙溪小学", {"institution": "龙溪小学"}, "a school"),
    ("龙溪路小学", {"institution": "龙溪路小学"}, "named after a road, yet a school"),
    ("龙溪市场二楼", {"institution": "龙溪市场", "floor": "2"}, "市 of a market"),
    ("龙溪社区服务中心", {"institution": "龙溪社区服务中心"}, "a centre named after the community"),
    ("龙溪社区卫生服务站", {"institution": "龙溪社区卫生服务站"}, "a clinic named after the community"),
    ("龙溪大厦A座1203", {"institution": "龙溪大厦", "building": "A", "room": "1203"}, "an office building"),
    ("龙溪小学对面", {"landmark": "龙溪小学"}, "near it, not in it"),
    (
        "龙溪花园3栋1楼龙溪诊所",
        {"estate": "龙溪花园", "building": "3", "floor": "1", "institution": "龙溪诊所"},
        "an institution within a building",
    ),
    ("A3区12号楼", {"area": "A3区", "building": "12"}, "an area by its code"),
    ("A市A3区龙溪路", {"area": "A3区", "roads": ("龙溪路",)}, "a city by its code"),
    ("滨河片区", {"area": "滨河片区"}, "an area by name"),
    ("我家住在龙溪花园3栋", {"estate": "龙溪花园", "building": "3"}, "words before the name"),
    (
        "市民中心附近的龙溪花园3栋",
        {"landmark": "市民中心", "estate": "龙溪花园", "building": "3"},
        "a landmark, then the place itself",
    ),
    ("老槐树下", {}, "nothing that is known"),
    ("", {}, "nothing at all"),
]


@pytest.mark.parametrize(("written", "parts", "reason"), PARSED, ids=[case[2] for case in PARSED])
def test_an_address_is_read_into_its_parts(written: str, parts: dict[str, Any], reason: str) -> None:
    found = {part: value for part, value in asdict(parse(written)).items() if value not in (None, ())}
    assert found.pop("text", "") == normalise(written)
    assert found == parts, reason


def test_the_narrowest_name_is_the_place() -> None:
    assert parse("龙溪花园3栋1楼龙溪诊所").place == "龙溪诊所"
    assert parse("龙溪路12号龙溪花园").place == "龙溪花园"
    assert parse("龙溪路12号").place is None
    assert parse("老槐树下").road is None


PIECES = st.sampled_from(
    list("龙溪城东三十百〇一二两栋幢座号楼单元室户层期区弄路街巷花园小区学校市场村里院省县镇乡社旁口的")
    + list("0123456789０３ＡAab#-—～ ()（）")
)
SCRAMBLED = st.lists(PIECES, max_size=40).map("".join)


@given(st.one_of(SCRAMBLED, st.text(max_size=60)))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.one_of(SCRAMBLED, st.text(max_size=60)))
def test_nothing_that_is_written_makes_it_fail(text: str) -> None:
    assert parse(text) == parse(normalise(text))


@pytest.mark.parametrize("piece", ["龙", "路", "1", "一", "龙溪路", "3栋", "龙溪花园", "A1", "-", "区", "市"])
def test_a_long_text_takes_no_longer_than_a_line(piece: str) -> None:
    best = min(timeit.repeat(lambda: parse(piece * 5_000), number=1, repeat=3))
    assert best < 0.05
