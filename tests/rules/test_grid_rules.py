"""One catch-all, and places that are the same however they are written."""

from uuid import UUID

import pytest

from services.casework.grids.rules import CatchAll, grid_place_key, takes_catch_all
from shared.contracts.casework import GridKind

FIRST = UUID(int=1)


@pytest.mark.parametrize(
    ("kind", "asked", "current", "takes", "why"),
    [
        (GridKind.AREA, False, None, True, "the first grid: someone has to"),
        (GridKind.BUILDING, False, None, True, "of whatever kind"),
        (GridKind.AREA, False, GridKind.BUILDING, True, "the first area grid takes over from a building"),
        (GridKind.AREA, False, GridKind.UNIT, True, "or from an institution"),
        (GridKind.AREA, False, GridKind.AREA, False, "the second area grid does not"),
        (GridKind.UNIT, False, GridKind.AREA, False, "nor does any other"),
        (GridKind.AREA, True, GridKind.AREA, True, "unless the head says so"),
        (GridKind.BUILDING, True, GridKind.AREA, True, "the head decides"),
    ],
)
def test_which_grid_is_the_catch_all(
    kind: GridKind, asked: bool, current: GridKind | None, takes: bool, why: str
) -> None:
    now = None if current is None else CatchAll(FIRST, current)
    assert takes_catch_all(kind, asked=asked, current=now) is takes, why


@pytest.mark.parametrize(
    ("one", "two", "same", "why"),
    [
        ("龙溪花园3栋", "龙溪花园三幢", True, "numerals and words for a building"),
        ("龙溪花园3栋", "龙溪花园３号楼", True, "full width"),
        ("龙溪花园3栋", "龙溪花园13栋", False, "another building"),
        ("龙溪路1至99号", "龙溪路1-99号", True, "a stretch of a road"),
        ("龙溪路单号", "龙溪路双号", False, "the other side of the road"),
        ("龙溪路", "龙溪路1至99号", False, "a road is not a stretch of it"),
    ],
)
def test_one_place_has_one_key(one: str, two: str, same: bool, why: str) -> None:
    assert (grid_place_key(one) == grid_place_key(two)) is same, why
