"""Grids: which places each covers, one owner each, and one grid for whatever no other covers."""

from dataclasses import dataclass
from uuid import UUID

from shared.addressing.places import key_of
from shared.contracts.casework import GridKind
from shared.refusals import Conflict, NotFound


class UnknownGrid(NotFound):
    type = "unknown-grid"
    zh = "没有这个网格。"
    en = "There is no such grid."


class NoGridYet(NotFound):
    type = "no-grid-yet"
    zh = "社区还没有划分网格。"
    en = "The community has no grids yet."


class GridCodeTaken(Conflict):
    type = "grid-code-taken"
    zh = "该网格编码已被使用。"
    en = "Another grid has this code already."


class OwnerNotActive(Conflict):
    type = "grid-owner-not-active"
    zh = "网格负责人必须是在岗的工作者。"
    en = "The owner of a grid has to be an active worker."


class CatchAllStays(Conflict):
    type = "catch-all-stays"
    zh = "社区必须始终有一个兜底网格；请先把另一个网格设为兜底网格。"
    en = "The community always has one catch-all grid; make another grid the catch-all first."


class GridRetired(Conflict):
    type = "grid-retired"
    zh = "该网格已撤销。"
    en = "The grid is retired."


@dataclass(frozen=True, slots=True)
class CatchAll:
    """The grid that is the catch-all now."""

    grid: UUID
    kind: GridKind


def takes_catch_all(kind: GridKind, *, asked: bool, current: CatchAll | None) -> bool:
    """Whether a new grid becomes the catch-all (兜底网格).

    Land is what is left when institutions and buildings are taken away, so the first area grid takes it over from
    whatever came first; from then on only the head moves it.
    """
    if current is None or asked:
        return True
    return kind is GridKind.AREA and current.kind is not GridKind.AREA


def grid_place_key(place: str) -> str:
    """What `place` covers, as text: two ways to write one place have the same."""
    breadth, what = key_of(place)
    if isinstance(what, str):
        return f"{breadth.name.lower()}:{what}"
    return f"{breadth.name.lower()}:{what.road}:{what.first}:{what.last}:{what.parity}"
