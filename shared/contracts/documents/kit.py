"""`python -m shared.contracts.documents.kit [--check] [FOLDER]`: what the district's kit has of the contracts.

The district gets the folder `kits/district` alone, so it holds golden events and streams, schemas, the AsyncAPI document
and the guide, all written from here. With `--check` it only says whether they are current.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from shared.contracts.catalogue import EVENTS
from shared.contracts.documents.__main__ import documents
from shared.contracts.documents.golden import goldens
from shared.contracts.documents.streams import streams

_FOLDER = Path("kits/district")
_GUIDE = Path("docs/integrate/district.md")
_WRITTEN = ("golden/events", "golden/streams", "contracts")
"""Folders that hold nothing but what is written here."""
_LINKS = {"](../../kits/district/": "](", "](../events/": "](contracts/"}
"""Addresses in the guide, and the same from within the kit."""


def files(guide: str) -> Mapping[str, str]:
    """Every file by its path below the folder."""
    events = {
        f"golden/events/{record['topic']}/{name}.json": _json(record)
        for event in EVENTS
        for name, record in goldens(event).items()
    }
    sequences = {
        f"golden/streams/{name}.json": _json({"name": name, **stream}) for name, stream in streams().items()
    }
    contracts = {f"contracts/{name}": text for name, text in documents().items()}
    return {**events, **sequences, **contracts, "GUIDE.md": _as_in_the_kit(guide)}


def differences(folder: Path, wanted: Mapping[str, str]) -> Iterable[str]:
    """Paths of files that are not as wanted, missing, or there without being wanted."""
    there = {
        str(path.relative_to(folder))
        for written in _WRITTEN
        for path in (folder / written).rglob("*")
        if path.is_file()
    }
    yield from sorted(there - wanted.keys())
    for name, text in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            yield name


def _as_in_the_kit(guide: str) -> str:
    for here, there in _LINKS.items():
        guide = guide.replace(here, there)
    return guide


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where something is not current"
    )
    parser.add_argument("folder", nargs="?", type=Path, default=_FOLDER)
    arguments = parser.parse_args()
    wanted = files(_GUIDE.read_text(encoding="utf-8"))
    old = list(differences(arguments.folder, wanted))
    if arguments.check:
        for name in old:
            sys.stderr.write(f"not current: {arguments.folder / name} (run `make documents`)\n")
        return 1 if old else 0
    for name in old:
        path = arguments.folder / name
        if name not in wanted:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[name], encoding="utf-8")
    sys.stdout.write(f"{len(wanted)} files in {arguments.folder}, {len(old)} of them new or gone\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
