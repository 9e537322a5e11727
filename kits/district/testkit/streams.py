"""The golden streams, and the same with ids that nobody has seen before."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).resolve().parents[1] / "golden"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Line(NamedTuple):
    """An event as a consumer lists it."""

    id: str
    subject: str
    sequence: int


class Missing(NamedTuple):
    """Numbers `first` to `last` of a subject."""

    subject: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Record:
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Record":
        key, value = content["key"], content["value"]
        return cls(
            None if key is None else key.encode(),
            tuple((name, text.encode()) for name, text in content["headers"].items()),
            None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(),
        )


@dataclass(frozen=True, slots=True)
class Expected:
    """What a consumer that is right has done by now."""

    applied: tuple[Line, ...]
    optional: frozenset[str]
    """Ids of events that it may list or not."""
    missing: tuple[Missing, ...]
    published: frozenset[str]
    """Ids of all events of the stream up to here."""


@dataclass(frozen=True, slots=True)
class Publish:
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Stream:
    name: str
    promise: str
    zh: str
    steps: tuple[Publish | Expected, ...]


def names() -> Sequence[str]:
    return sorted(path.stem for path in (FOLDER / "streams").glob("*.json"))


def load(name: str, run: str) -> Stream:
    """The stream, with ids that belong to this run; with "" those of the file."""
    text = (FOLDER / "streams" / f"{name}.json").read_text(encoding="utf-8")
    content = json.loads(fresh(text, run))
    return Stream(content["name"], content["promise"], content["zh"], tuple(_steps(content["steps"])))


def marker(run: str, number: int) -> tuple[Record, Line]:
    """A request of its own, to see how far the consumer is."""
    path = FOLDER / "events" / "intake.events" / "request.filed.v1.json"
    content = json.loads(fresh(path.read_text(encoding="utf-8"), f"{run} marker {number}"))
    return Record.of(content), Line(content["headers"]["ce_id"], content["key"], 1)


def fresh(text: str, run: str) -> str:
    """The text with every id replaced by another, the same by the same, so that a consumer with a memory can be tested
    again. The time in an id (its first twelve digits) is kept.
    """

    def other(found: re.Match[str]) -> str:
        digest = hashlib.sha256(f"{run}/{found[0]}".encode()).hexdigest()
        return f"{found[0][:13]}-7{digest[:3]}-8{digest[3:6]}-{digest[6:18]}"

    return _UUID.sub(other, text) if run else text


def _steps(steps: Sequence[Mapping[str, Any]]) -> Iterator[Publish | Expected]:
    published: set[str] = set()
    for step in steps:
        if "publish" in step:
            published |= {
                record["headers"]["ce_id"] for record in step["publish"] if "ce_id" in record["headers"]
            }
            yield Publish(tuple(Record.of(record) for record in step["publish"]))
        else:
            yield _expected(step["expect"], frozenset(published))


def _expected(content: Mapping[str, Any], published: frozenset[str]) -> Expected:
    return Expected(
        tuple(Line(**line) for line in content["applied"]),
        frozenset(line["id"] for line in content["optional"]),
        tuple(Missing(one["subject"], one["from"], one["to"]) for one in content["missing"]),
        published,
    )
