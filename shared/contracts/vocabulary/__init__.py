"""What the codes in events mean, in Chinese and English: one CSV file (`code,zh,en`) for each kind of code.

`category.csv` is the official taxonomy of residents' concerns (15 / 118 / 517 categories), numbered in its own
order: two digits for each level. Where a name has no English, the Chinese one is given.
"""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

_FOLDER = Path(__file__).parent


@cache
def codes(kind: str) -> Mapping[str, tuple[str, str]]:
    """All codes of a kind, each with its Chinese and English name, in the file's order.

    Raises LookupError for a kind that has no file.
    """
    path = _FOLDER / f"{kind}.csv"
    if not path.is_file():
        raise LookupError(f"no vocabulary of kind {kind!r}")
    with path.open(encoding="utf-8", newline="") as file:
        return MappingProxyType(
            {row["code"]: (row["zh"], row["en"] or row["zh"]) for row in csv.DictReader(file)}
        )


def name(kind: str, code: str, language: str = "zh") -> str:
    """The name of a code; the code itself where the vocabulary does not know it (a newer publisher's, say)."""
    found = codes(kind).get(code)
    if found is None:
        return code
    return found[0] if language == "zh" else found[1]
