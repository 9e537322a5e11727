"""Chinese addresses: read into their parts, and given to the grid that covers them. Pure: no I/O, no state."""

from shared.addressing.coverage import (
    Coverage,
    GridCoverage,
    Match,
    NoCatchAll,
    PlaceCoveredTwice,
    TwoCatchAlls,
    check,
    resolve,
)
from shared.addressing.normalising import normalise
from shared.addressing.parsing import Address, parse
from shared.addressing.places import UnreadablePlace, place_name

__all__ = [
    "Address",
    "Coverage",
    "GridCoverage",
    "Match",
    "NoCatchAll",
    "PlaceCoveredTwice",
    "TwoCatchAlls",
    "UnreadablePlace",
    "check",
    "normalise",
    "parse",
    "place_name",
    "resolve",
]
