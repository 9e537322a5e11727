"""Every address has one grid, and the same one every time."""

from itertools import permutations
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.addressing import (
    Coverage,
    GridCoverage,
    NoCatchAll,
    PlaceCoveredTwice,
    TwoCatchAlls,
    UnreadablePlace,
    check,
    normalise,
    place_name,
    resolve,
)
from shared.addressing.places import PLACE_LENGTH, PLACE_NAME
from shared.contracts.base import PlaceName
from tests.shared.addressing.test_parsing import SCRAMBLED

GRIDS = [
    GridCoverage("rest", "area", ["龙溪路", "建设路1至99号", "建设路100至199号", "A3区"], catch_all=True),
    GridCoverage("street", "area", ["龙溪路单号", "龙溪路1至9号", "老槐树"]),
    GridCoverage("school", "unit", ["龙溪小学", "龙溪市场", "龙溪路66号", "龙溪诊所"]),
    GridCoverage("north", "building", ["龙溪花园3栋", "龙溪花园12栋", "龙溪花园东区3栋", "龙溪路12号5栋"]),
    GridCoverage("south", "building", ["龙溪花园", "龙溪新村5栋", "龙溪花园12栋2单元"]),
]
COVERAGE = Coverage(GRIDS)

RESOLVED = [
    ("龙溪花园3栋501室", "north", "龙溪花园3栋", "a building"),
    ("龙溪花园小区三号楼2单元", "north", "龙溪花园3栋", "the same in other words"),
    ("城东区龙溪街道龙溪路8号龙溪花园3幢", "north", "龙溪花园3栋", "a building is narrower than its road"),
    ("龙溪花园12栋1单元", "north", "龙溪花园12栋", "not the unit that another grid has"),
    ("龙溪花园12栋2单元", "south", "龙溪花园12栋2单元", "a unit is narrower than its building"),
    ("龙溪花园东区3栋", "north", "龙溪花园东区3栋", "a building of a part"),
    ("龙溪花园西区3栋", "north", "龙溪花园3栋", "a part that nobody named"),
    ("龙溪花园9栋", "south", "龙溪花园", "a building that nobody named"),
    ("龙溪花园", "south", "龙溪花园", "the estate alone"),
    ("龙溪新村5号302", "south", "龙溪新村5栋", "号 for 栋"),
    ("龙溪路12号5栋", "north", "龙溪路12号5栋", "a building at a door"),
    ("龙溪路66号龙溪小学", "school", "龙溪小学", "an institution"),
    ("龙溪路66号", "school", "龙溪路66号", "a door is narrower than its road"),
    ("龙溪花园9栋1楼龙溪诊所", "school", "龙溪诊所", "an institution is narrower than its estate"),
    ("龙溪花园3栋1楼龙溪诊所", "north", "龙溪花园3栋", "a building is narrower than an institution in it"),
    ("龙溪路7号", "street", "龙溪路1至9号", "the shorter stretch"),
    ("龙溪路13号", "street", "龙溪路单号", "the odd side"),
    ("龙溪路14号", "rest", "龙溪路", "the even side, which nobody named"),
    ("龙溪路", "rest", "龙溪路", "no number"),
    ("建设路99号", "rest", "建设路1至99号", "the end of a stretch belongs to it"),
    ("建设路200号", "rest", None, "beyond every stretch"),
    ("龙溪路7号龙溪小学对面", "street", "龙溪路1至9号", "an address is more than a landmark"),
    ("龙溪小学对面", "school", "龙溪小学", "a landmark is more than nothing"),
    ("A市A3区麓山路3号", "rest", "A3区", "an area"),
    ("村口老槐树下", "street", "老槐树", "a name that no rule knows"),
    ("新龙溪花园3栋", "rest", None, "another estate that ends alike"),
    ("新龙溪路7号", "rest", None, "another road that ends alike"),
    ("不知道哪里", "rest", None, "nowhere"),
    ("", "rest", None, "nothing"),
]


@pytest.mark.parametrize(("address", "grid", "place", "reason"), RESOLVED, ids=[case[3] for case in RESOLVED])
def test_the_narrowest_place_decides(address: str, grid: str, place: str | None, reason: str) -> None:
    assert COVERAGE.resolve(address) == (grid, place), reason
    assert resolve(address, GRIDS) == (grid, place)


def test_the_order_of_the_grids_does_not_matter() -> None:
    for order in permutations(GRIDS):
        other = Coverage(order)
        assert all(other.resolve(address) == (grid, place) for address, grid, place, _ in RESOLVED)


def test_a_place_in_two_grids_goes_to_the_more_particular_kind() -> None:
    grids = [("a", "area", ["龙溪花园"], True), ("b", "building", ["龙溪花园"], False)]
    assert resolve("龙溪花园3栋", grids) == ("b", "龙溪花园")
    same_kind = [("b", "unit", ["龙溪小学"], False), ("a", "unit", ["龙溪小学"], True)]
    assert resolve("龙溪小学", same_kind) == ("a", "龙溪小学")


def test_without_a_catch_all_an_address_may_have_no_grid() -> None:
    assert resolve("不知道哪里", [("a", "area", ["龙溪路"], False)]) is None


REFUSED = [
    (["龙溪花园3栋"], ["龙溪花园三号楼"], "the same building in other words"),
    (["龙溪路1至50号"], ["龙溪路40至99号"], "stretches that overlap"),
    (["龙溪路单号"], ["龙溪路1至99号"], "a side and a stretch that cross"),
    (["龙溪路1至9单号"], ["龙溪路1至10单号"], "the same numbers, said differently"),
    (["龙溪路"], ["城东区龙溪路"], "the same road, with its district"),
    (["老槐树"], ["老槐树"], "a name that no rule knows"),
]


@pytest.mark.parametrize(("mine", "yours", "reason"), REFUSED, ids=[case[2] for case in REFUSED])
def test_a_place_is_covered_once(mine: list[str], yours: list[str], reason: str) -> None:
    with pytest.raises(PlaceCoveredTwice) as refused:
        check([("grid-1", "area", mine, True), ("grid-2", "area", yours, False)])
    message = refused.value.message("zh")
    assert all(word in message for word in ("grid-1", "grid-2", mine[0], yours[0])), reason


ACCEPTED = [
    (["龙溪花园"], ["龙溪花园3栋"], "a building out of an estate"),
    (["龙溪路"], ["龙溪路单号"], "a side out of a road"),
    (["龙溪路单号"], ["龙溪路双号"], "two sides"),
    (["龙溪路1至99号"], ["龙溪路20至30号"], "a stretch within a stretch"),
    (["龙溪路1至99号"], ["龙溪路100至199号"], "stretches in a row"),
    (["龙溪路1至99号"], ["龙溪路66号"], "a door within a stretch"),
    (["龙溪花园3栋", "龙溪花园三栋"], ["龙溪小学"], "twice in one grid harms nobody"),
]


@pytest.mark.parametrize(("mine", "yours", "reason"), ACCEPTED, ids=[case[2] for case in ACCEPTED])
def test_an_exception_within_a_place_is_no_overlap(mine: list[str], yours: list[str], reason: str) -> None:
    check([("grid-1", "area", mine, True), ("grid-2", "area", yours, False)])


def test_there_is_one_catch_all() -> None:
    with pytest.raises(TwoCatchAlls):
        check([("grid-1", "area", [], True), ("grid-2", "area", [], True)])
    with pytest.raises(NoCatchAll):
        check([("grid-1", "area", ["龙溪路"], False)])
    check([("grid-1", "area", ["龙溪路"], False)], total=False)


NAMES = [
    ("龙溪花园三号楼", "龙溪花园3栋", "as on the plate"),
    ("龙溪路1-99号", "龙溪路1至99号", "a dash becomes 至"),
    ("龙溪路（单号）", "龙溪路单号", "brackets go"),
    ("龙溪路1至99号（双号）", "龙溪路1至99双号", "a side of a stretch"),
    ("龙溪小学", "龙溪小学", "nothing to change"),
    ("A3区", "A3区", "a code"),
    ("老槐树", "老槐树", "a name that no rule knows"),
]


@pytest.mark.parametrize(("written", "name", "reason"), NAMES, ids=[case[2] for case in NAMES])
def test_a_place_is_published_as_on_its_door_plate(written: str, name: str, reason: str) -> None:
    assert place_name(written) == name, reason
    assert place_name(name) == name


UNREADABLE = [
    ("龙溪花园3栋501室", "a flat says who lives there"),
    ("张三19900001234", "a phone number"),
    ("龙" * 25, "too long"),
    ("", "nothing"),
    ("12", "only a number"),
    ("龙溪路12-1号", "a dash within a door"),
]


@pytest.mark.parametrize(("written", "reason"), UNREADABLE, ids=[case[1] for case in UNREADABLE])
def test_what_could_say_more_than_a_place_is_refused(written: str, reason: str) -> None:
    with pytest.raises(UnreadablePlace):
        place_name(written)


def test_a_place_fits_the_contract() -> None:
    rules = [rule for part in get_args(PlaceName) for rule in getattr(part, "metadata", ())]
    assert {rule.pattern for rule in rules if hasattr(rule, "pattern")} == {f"^{PLACE_NAME.pattern}$"}
    assert {rule.max_length for rule in rules if hasattr(rule, "max_length")} == {PLACE_LENGTH}


@given(st.one_of(SCRAMBLED, st.text(max_size=60)))
def test_every_address_has_a_grid_however_it_is_written(address: str) -> None:
    found = COVERAGE.resolve(address)
    assert found is not None
    assert found == COVERAGE.resolve(normalise(address))


@given(SCRAMBLED)
def test_what_is_accepted_as_a_place_covers_itself(text: str) -> None:
    try:
        place = place_name(text)
    except UnreadablePlace:
        return
    assert place_name(place) == place
    if not place.endswith(("单号", "双号")) and "至" not in place:
        found = resolve(place, [("a", "area", [place], False)])
        assert found == ("a", place)
