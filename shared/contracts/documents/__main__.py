"""`python -m shared.contracts.documents [--check] [FOLDER]`: write the documents, or say whether they are current."""

import argparse
import json
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shared.contracts.catalogue import EVENTS
from shared.contracts.documents.asyncapi import document
from shared.contracts.documents.compatibility import breaks
from shared.contracts.documents.page import page
from shared.contracts.documents.schemas import schema_of

_FOLDER = Path("docs/events")


def documents() -> Mapping[str, str]:
    """Every file by its path below the folder."""
    schemas = {f"schemas/{event.type}.v{event.version}.json": _json(schema_of(event)) for event in EVENTS}
    return {"README.md": page(), "asyncapi.json": _json(document(version("longxi"))), **schemas}


def broken_consumers(folder: Path) -> list[str]:
    """Changes of a published version that would break somebody, and published events that are gone."""
    problems: list[str] = []
    current = {f"{event.type}.v{event.version}.json": event for event in EVENTS}
    for path in sorted((folder / "schemas").glob("*.json")):
        event = current.get(path.name)
        if event is not None:
            problems += [
                f"{event.type}: {why}" for why in breaks(json.loads(path.read_text()), schema_of(event))
            ]
        elif path.name.split(".v")[0] not in {known.type for known in EVENTS}:
            problems.append(f"{path.name}: the event is gone, and its consumers are not")
    return problems


def stale(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Files that differ from what the contracts say now. Schemas of older versions stay as they are."""
    return [
        name
        for name, text in wanted.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where something is not current"
    )
    parser.add_argument("folder", nargs="?", type=Path, default=_FOLDER)
    arguments = parser.parse_args()
    problems = broken_consumers(arguments.folder)
    for problem in problems:
        sys.stderr.write(f"breaks a consumer: {problem} (make it a new version)\n")
    if problems:
        return 1
    wanted = documents()
    old = stale(arguments.folder, wanted)
    if arguments.check:
        for name in old:
            sys.stderr.write(f"not current: {arguments.folder / name} (run `make documents`)\n")
        return 1 if old else 0
    for name in old:
        path = arguments.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[name], encoding="utf-8")
    sys.stdout.write(f"{len(wanted)} documents in {arguments.folder}, {len(old)} of them new\n")
    return 0


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main())
