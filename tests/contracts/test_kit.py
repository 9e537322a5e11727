"""Golden events and streams are what the platform publishes, and what its own consumers take."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest

from shared.contracts.catalogue import BY_TYPE, EVENTS, TOPICS
from shared.contracts.documents.golden import goldens
from shared.contracts.documents.kit import differences, files
from shared.contracts.documents.schemas import schema_of
from shared.contracts.documents.streams import streams
from shared.messaging.envelope import Envelope
from shared.messaging.records import Record

ROOT = Path(__file__).parents[2]
KIT = ROOT / "kits" / "district"
GUIDE = ROOT / "docs" / "integrate" / "district.md"
_HEADER = re.compile(r"^(content-type|ce_\w+) +(\S+)", re.MULTILINE)
GOLDEN = [pytest.param(record, id=name) for event in EVENTS for name, record in goldens(event).items()]


def _record(golden: dict[str, Any]) -> Record:
    headers = tuple((name, text.encode()) for name, text in golden["headers"].items())
    value = json.dumps(golden["value"]).encode()
    return Record(golden["topic"], golden["key"].encode(), value, headers)


def test_what_the_kit_has_of_the_contracts_is_current() -> None:
    assert list(differences(KIT, files(GUIDE.read_text(encoding="utf-8")))) == [], "run `make documents`"


def test_the_record_that_the_guide_shows_is_the_golden_one() -> None:
    (shown,) = re.findall(r"^topic .*?^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    golden = goldens(BY_TYPE["request.accepted"])["request.accepted.v1"]
    assert dict(_HEADER.findall(shown)) == golden["headers"]
    assert json.loads(shown[shown.index("{") : shown.index("```")]) == golden["value"]
    assert golden["key"] in shown.partition("content-type")[0]


def test_the_table_of_topics_in_the_guide_is_whole() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert [topic for topic in TOPICS if f"`{topic}`" not in text] == []


def test_what_is_no_longer_written_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "golden" / "events").mkdir(parents=True)
    (tmp_path / "golden" / "events" / "old.json").write_text("{}")
    assert list(differences(tmp_path, {"GUIDE.md": ""})) == ["golden/events/old.json", "GUIDE.md"]


@pytest.mark.parametrize("golden", GOLDEN)
def test_a_golden_event_is_as_the_platform_writes_and_reads_it(golden: dict[str, Any]) -> None:
    record = _record(golden)
    envelope = Envelope.from_record(record)
    written = envelope.to_record(record.topic)
    assert (written.key, set(written.headers)) == (record.key, set(record.headers))
    contract = BY_TYPE[envelope.type]
    assert (contract.topic(), contract.dataschema()) == (record.topic, envelope.dataschema)
    assert contract.model_validate_json(envelope.data).subject() == envelope.subject


@pytest.mark.parametrize("golden", GOLDEN)
def test_golden_data_fits_the_schema_that_is_published(golden: dict[str, Any]) -> None:
    schema = schema_of(BY_TYPE[golden["headers"]["ce_type"]])
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(
        golden["value"]
    )


def test_every_event_has_a_golden_one() -> None:
    there = {path.name for path in (KIT / "golden" / "events").rglob("*.json")}
    assert {f"{event.type}.v{event.version}.json" for event in EVENTS} <= there


@pytest.mark.parametrize("name", list(streams()))
def test_what_a_stream_expects_follows_from_what_it_publishes(name: str) -> None:
    """Of each subject: what is expected has no hole but of optional events, and what is missing was not published."""
    published: dict[str, dict[int, str]] = {}
    for step in streams()[name]["steps"]:
        for record in step.get("publish", ()):
            headers = record["headers"]
            if "ce_id" in headers and "ce_replayfor" not in headers:
                numbers = published.setdefault(headers["ce_subject"], {})
                assert numbers.setdefault(int(headers["ce_sequence"]), headers["ce_id"]) == headers["ce_id"]
        if "expect" in step:
            _check(step["expect"], published)


def _check(expect: dict[str, Any], published: dict[str, dict[int, str]]) -> None:
    missing = {(one["subject"], one["from"]) for one in expect["missing"]}
    counted: dict[str, int] = {}
    lines = sorted([*expect["applied"], *expect["optional"]], key=lambda line: line["sequence"])
    for line in lines:
        assert str(UUID(line["subject"])) == line["subject"]
        assert published[line["subject"]][line["sequence"]] == line["id"]
        assert line["sequence"] == counted.get(line["subject"], 0) + 1
        counted[line["subject"]] = line["sequence"]
    for subject, numbers in published.items():
        following = counted.get(subject, 0) + 1
        assert following not in numbers, "what is next and was published is to be applied"
        assert ((subject, following) in missing) == (max(numbers) > following)
