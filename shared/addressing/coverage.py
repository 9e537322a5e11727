"""Which grid an address belongs to: the narrowest place that covers it decides, and the catch-all takes the rest."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from shared.addressing.parsing import parse
from shared.addressing.places import Breadth, Key, Range, key_of, keys_of
from shared.refusals import Conflict

G = TypeVar("G", bound=Hashable)
"""A grid's id (or its code): anything with a text form."""

# Two grids with the same place is refused by `check`; where it happens all the same, the more particular kind wins.
_KINDS = ("building", "unit", "area")


class GridCoverage(NamedTuple, Generic[G]):
    grid: G
    kind: str
    """building, unit or area: a value of the contracts' `GridKind`."""
    places: Sequence[str]
    catch_all: bool = False


class Match(NamedTuple, Generic[G]):
    grid: G
    place: str | None
    """The place that decided, as the grid lists it; None for the catch-all."""


class PlaceCoveredTwice(Conflict):
    """Params: place, other_place, grid, other."""

    type = "place-covered-twice"
    zh = "“{place}”已由网格 {grid} 负责，与网格 {other} 的“{other_place}”重叠；一个地点只能属于一个网格。"
    en = "{place} of grid {grid} overlaps {other_place} of grid {other}; a place belongs to one grid."


class TwoCatchAlls(Conflict):
    """Params: grid, other."""

    type = "two-catch-alls"
    zh = "网格 {grid} 与网格 {other} 都是兜底网格；只能有一个。"
    en = "The grids {grid} and {other} are both the catch-all; there is one only."


class NoCatchAll(Conflict):
    type = "no-catch-all"
    zh = "没有兜底网格：不属于任何地点的地址将无人负责。请先指定一个兜底网格。"
    en = "There is no catch-all grid: addresses that no place covers would have nobody. Name one first."


class _Claim(NamedTuple):
    order: tuple[int, str]
    """Kind, then the grid's text: the same winner everywhere."""
    at: int
    """Which of the grids."""
    place: str


class Coverage(Generic[G]):
    """The grids of a community, made once and asked often: about 60 µs an address, whatever their number."""

    def __init__(self, grids: Iterable[GridCoverage[G] | tuple[G, str, Sequence[str], bool]]) -> None:
        self._grids: list[G] = []
        self._exact: dict[Key, _Claim] = {}
        self._ranges: dict[str, list[tuple[Range, _Claim]]] = {}
        self._names: list[tuple[str, _Claim]] = []
        catch_alls = []
        for at, (grid, kind, places, catch_all) in enumerate(grids):
            self._grids.append(grid)
            order = (_KINDS.index(kind) if kind in _KINDS else len(_KINDS), str(grid))
            if catch_all:
                catch_alls.append(_Claim(order, at, ""))
            for place in places:
                self._add(key_of(place), _Claim(order, at, place))
        for ranges in self._ranges.values():
            ranges.sort(key=lambda entry: (entry[0].width, entry[1]))
        self._names.sort(key=lambda entry: (-len(entry[0]), entry[1]))
        self._catch_all = min(catch_alls, default=None)

    def _add(self, key: Key, claim: _Claim) -> None:
        breadth, what = key
        if isinstance(what, Range):
            self._ranges.setdefault(what.road, []).append((what, claim))
        elif breadth is Breadth.NAME:
            self._names.append((what, claim))
        else:
            self._exact[key] = min(claim, self._exact.get(key, claim))

    def resolve(self, address: str) -> Match[G] | None:
        """The grid of `address`; None only where there is no catch-all."""
        claim = self._claim(address) or self._catch_all
        return Match(self._grids[claim.at], claim.place or None) if claim else None

    def _claim(self, text: str) -> _Claim | None:
        address = parse(text)
        found: list[tuple[Breadth, int, _Claim]] = []
        for position, (breadth, what) in enumerate(keys_of(address)):
            listed = Breadth.INSTITUTION if breadth is Breadth.LANDMARK else breadth
            if claim := self._exact.get((listed, what)):
                found.append((breadth, position, claim))
        if address.road and address.number is not None:
            for stretch, claim in self._ranges.get(address.road, ()):
                if stretch.holds(address.number):
                    found.append((Breadth.RANGE, 0, claim))
                    break
        for name, claim in self._names:
            if name in address.text:
                found.append((Breadth.NAME, 0, claim))
                break
        return min(found)[2] if found else None


def resolve(
    address: str, grids: Iterable[GridCoverage[G] | tuple[G, str, Sequence[str], bool]]
) -> Match[G] | None:
    """`Coverage(grids).resolve(address)`; keep the `Coverage` where many addresses are asked."""
    return Coverage(grids).resolve(address)


def check(
    grids: Iterable[GridCoverage[G] | tuple[G, str, Sequence[str], bool]], *, total: bool = True
) -> None:
    """Refuse what would leave it to chance who is responsible.

    `PlaceCoveredTwice`: the same place in two grids, or two stretches of a road that overlap without one lying in the other.
    `TwoCatchAlls`; and with `total`, `NoCatchAll`.
    """
    exact: dict[Key, tuple[G, str]] = {}
    stretches: dict[str, list[tuple[Range, G, str]]] = {}
    catch_all: G | None = None
    for grid, _kind, places, is_catch_all in grids:
        if is_catch_all:
            if catch_all is not None and catch_all != grid:
                raise TwoCatchAlls(grid=catch_all, other=grid)
            catch_all = grid
        for place in places:
            key = key_of(place)
            other, other_place = exact.setdefault(key, (grid, place))
            if other != grid:
                raise _twice(other_place, other, place, grid)
            if isinstance(stretch := key[1], Range):
                road = stretches.setdefault(stretch.road, [])
                for beside, other, other_place in road:
                    if other != grid and _collide(stretch, beside):
                        raise _twice(other_place, other, place, grid)
                road.append((stretch, grid, place))
    if total and catch_all is None:
        raise NoCatchAll


def _twice(place: str, grid: object, other_place: str, other: object) -> PlaceCoveredTwice:
    return PlaceCoveredTwice(
        field="places", place=place, grid=str(grid), other_place=other_place, other=str(other)
    )


def _collide(one: Range, two: Range) -> bool:
    a, b = one.numbers(), two.numbers()
    return bool(a & b) and not (a < b or b < a)
