"""The committed documents are current, valid, and a change that breaks a consumer is refused."""

import json
import shutil
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shared.contracts.catalogue import EVENTS
from shared.contracts.documents.__main__ import broken_consumers, documents, stale
from shared.contracts.documents.compatibility import breaks
from shared.contracts.documents.schemas import schema_of
from tests.support.requirements import missing

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "events"
PARSER = ROOT / "tests" / "contracts" / "asyncapi"


def test_committed_documents_say_what_the_contracts_say() -> None:
    assert stale(FOLDER, documents()) == []
    assert broken_consumers(FOLDER) == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_schemas_are_valid_json_schema(event: type) -> None:
    jsonschema.Draft202012Validator.check_schema(schema_of(event))


def test_the_official_parser_takes_the_asyncapi_document() -> None:
    if shutil.which("npm") is None:
        missing("npm", "install Node.js; the official AsyncAPI parser is an npm package")
    if not (PARSER / "node_modules").is_dir():
        got = subprocess.run(
            ["npm", "ci", "--ignore-scripts"], cwd=PARSER, capture_output=True, text=True, check=False
        )
        if got.returncode != 0:
            missing("the official AsyncAPI parser", f"npm could not install it: {got.stderr.strip()[-200:]}")
    done = subprocess.run(
        ["node", "check.mjs", str(FOLDER / "asyncapi.json")],
        cwd=PARSER,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


_OLD: dict[str, Any] = {
    "properties": {
        "request": {"type": "string", "format": "uuid"},
        "kind": {"$ref": "#/$defs/Kind", "description": "which"},
        "count": {"type": "integer", "minimum": 0, "default": 0},
    },
    "required": ["request", "kind"],
    "$defs": {"Kind": {"type": "string", "enum": ["a", "b"]}},
}


def _changed(**changes: Any) -> dict[str, Any]:
    schema = deepcopy(_OLD)
    for path, value in changes.items():
        *way, last = path.split("__")
        part = schema
        for step in way:
            part = part[step]
        if value is None:
            del part[last]
        else:
            part[last] = value
    return schema


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (_changed(), "nothing changed"),
        (_changed(properties__note={"type": "integer"}), "a new optional field: old readers ignore it"),
        (_changed(properties__count__description="how many"), "only words"),
    ],
)
def test_harmless_changes_pass(new: dict[str, Any], why: str) -> None:
    assert breaks(_OLD, new) == [], why


@pytest.mark.parametrize(
    ("new", "field", "why"),
    [
        (_changed(properties__count=None), "count", "a reader may use it"),
        (_changed(properties__count__type="string"), "count", "another type"),
        (_changed(properties__count__minimum=1), "count", "narrower: events in the log would fail"),
        (_changed(properties__request__format="date"), "request", "another form"),
        (_changed(**{"$defs__Kind__enum": ["a"]}), "kind", "narrower: events in the log would fail"),
        (
            _changed(**{"$defs__Kind__enum": ["a", "b", "c"]}),
            "kind",
            "wider: old readers refuse the new word",
        ),
        (_changed(required=["request", "kind", "count"]), "count", "events in the log lack it"),
        (_changed(required=["request"]), "kind", "old readers rely on it"),
    ],
)
def test_changes_that_break_somebody_are_refused(new: dict[str, Any], field: str, why: str) -> None:
    assert [line.split(":")[0] for line in breaks(_OLD, new)] == [field], why


def test_an_event_that_disappears_is_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "schemas", tmp_path / "schemas")
    (tmp_path / "schemas" / "request.forgotten.v1.json").write_text(json.dumps(_OLD))
    assert broken_consumers(tmp_path) == [
        "request.forgotten.v1.json: the event is gone, and its consumers are not"
    ]
