"""A page for people: every topic, every event, every field."""

from collections.abc import Iterator

from shared.contracts.base import Event
from shared.contracts.catalogue import EVENTS, TOPICS
from shared.contracts.documents.schemas import Schema, schema_of


def page() -> str:
    """The page, in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Events"
    yield ""
    yield "Generated from `shared/contracts` by `make documents`. The same in machine form: `asyncapi.json`, `schemas/`."
    yield ""
    yield "Events carry ids, codes, times and numbers, never personal data. They travel as CloudEvents 1.0 in Kafka's binary"
    yield "mode; the record's key is the aggregate's id. `ce_sequence` counts an aggregate's events from 1: a gap means that"
    yield "one is missing. Readers have to ignore fields they do not know."
    for topic in TOPICS:
        events = [event for event in EVENTS if event.topic() == topic]
        yield ""
        yield f"## {topic}"
        yield ""
        if not events:
            yield "Nothing yet."
        for event in events:
            yield from _event(event)


def _event(event: type[Event]) -> Iterator[str]:
    schema = schema_of(event)
    receivers = ", ".join(event.consumers) or "nobody inside"
    yield f"### {event.type}"
    yield ""
    yield schema["description"]
    yield ""
    yield f"Version {event.version}, key `{event.aggregate}`, acted on by {receivers}."
    yield ""
    yield "| field | type | data class | meaning |"
    yield "|---|---|---|---|"
    for name, field in schema["properties"].items():
        optional = "" if name in schema["required"] else ", optional"
        meaning = " ".join(field.get("description", "").split())
        yield f"| `{name}` | {_type(field, schema)}{optional} | {field['x-data-class']} | {meaning} |"
    yield ""


def _type(field: Schema, schema: Schema) -> str:  # noqa: PLR0911 - one line for each form of a type
    if "anyOf" in field:
        return " or ".join(_type(part, schema) for part in field["anyOf"] if part.get("type") != "null")
    if "$ref" in field:
        return _type(schema["$defs"][field["$ref"].rsplit("/", 1)[-1]], schema)
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field['items'], schema)}"
    if field.get("format"):
        return str(field["format"])
    if "pattern" in field:
        return "code" if field["pattern"].startswith("^[a-z0-9]") else "text of a fixed form"
    return str(field.get("type", "any"))
