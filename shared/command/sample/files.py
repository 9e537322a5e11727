"""Reading the sample's CSV files; a cell may hold a list, separated by semicolons."""

import csv
from collections.abc import Sequence
from pathlib import Path

Row = dict[str, str]
_FOLDER = Path(__file__).parent


def rows(name: str) -> Sequence[Row]:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def several(cell: str) -> list[str]:
    return [part for part in cell.split(";") if part]
