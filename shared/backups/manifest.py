"""What a backup holds, as `manifest.json` says it. It is written last: where it is missing the backup is not finished.

It is in clear, so that a backup can be looked at without opening it, and holds nothing personal: names of tables, how
many rows, sizes, sums, times, and the public keys that may open it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from shared.backups.failures import Damaged, Unfinished
from shared.backups.places import Place

FILE = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class File:
    """An encrypted file."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DatabaseEntry:
    file: File
    database: str
    role: str
    """The service's account; `<role>_owner` owns the tables."""
    server: int
    """PostgreSQL's major version."""
    migration: str
    """The Alembic revision that the database is at."""
    seen_at: str
    """When its snapshot was taken, by the server's clock."""
    rows: Mapping[str, int]
    """Of every table (and every partition), in the snapshot that was dumped."""
    guarded: int
    """How many tables force row-level security."""


@dataclass(frozen=True, slots=True)
class KeysEntry:
    file: File
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    name: str
    longxi: str
    """The version that made it."""
    started_at: str
    finished_at: str
    dumped_by: str
    """Version of pg_dump."""
    databases: Mapping[str, DatabaseEntry]
    keys: KeysEntry | None
    recipients: tuple[str, ...]
    format: int = FORMAT
    apart: str | None = None
    """The key set that was made with it. Of a backup without one, the dumps hold the keys themselves."""

    @property
    def files(self) -> list[File]:
        return [entry.file for entry in self.databases.values()] + ([self.keys.file] if self.keys else [])

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    @property
    def moment(self) -> datetime:
        """When the databases were as the backup has them."""
        return min(datetime.fromisoformat(entry.seen_at) for entry in self.databases.values())

    def text(self) -> str:
        content = asdict(self)
        return json.dumps({**content, "sum": _sum(content)}, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Manifest":
        """Raises Damaged."""
        try:
            content = json.loads(text)
            if content.pop("sum") != _sum(content):
                raise Damaged("the manifest was changed or cut short")
            if content["format"] != FORMAT:
                raise Damaged(f"the manifest has the format {content['format']}, known is {FORMAT}")
            content["databases"] = {name: _database(entry) for name, entry in content["databases"].items()}
            keys = content["keys"]
            content["keys"] = KeysEntry(File(**keys["file"]), tuple(keys["names"])) if keys else None
            content["recipients"] = tuple(content["recipients"])
            content.setdefault("apart", None)  # of backups that were made before there were key sets
            return cls(**{item.name: content[item.name] for item in fields(cls)})
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Damaged("the manifest cannot be read") from None

    @classmethod
    def read(cls, place: Place, name: str) -> "Manifest":
        """Raises Unfinished, Damaged."""
        if FILE not in place.files(name):
            raise Unfinished(f"{name} in {place.address} is not finished: it has no manifest")
        with place.reading(name, FILE) as source:
            manifest = cls.parse(source.read().decode(errors="replace"))
        if manifest.name != name:
            raise Damaged(f"the manifest in {name} is that of {manifest.name}")
        return manifest


def _database(entry: dict[str, Any]) -> DatabaseEntry:
    return DatabaseEntry(**{**entry, "file": File(**entry["file"])})


def _sum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=list).encode()).hexdigest()


__all__ = ["FILE", "FORMAT", "DatabaseEntry", "File", "KeysEntry", "Manifest"]
