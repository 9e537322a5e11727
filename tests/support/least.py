"""The least body that an operation of an OpenAPI document takes: what is required, and nothing else."""

from collections.abc import Mapping
from typing import Any

_FORMATS = {
    "uuid": "019a0000-0000-7000-8000-000000000002",
    "date-time": "2026-11-18T02:00:00Z",
    "date": "2026-11-18",
}


NEEDED: Mapping[str, str] = {
    "about": "019a0000-0000-7000-8000-000000000001",
    "month": "2026-10",
    "number": "rated",
    "tenant": "longxi",
}
"""A right value of each parameter that some address has to have."""


def needed(operation: Mapping[str, Any]) -> dict[str, str]:
    """A right value of each parameter of the query that the operation has to have. KeyError names one that is new."""
    return {
        each["name"]: NEEDED[each["name"]]
        for each in operation.get("parameters", ())
        if each.get("in") == "query" and each.get("required")
    }


def least(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Any:
    """None where the operation takes no body. Patterns are not looked at."""
    if "requestBody" not in operation:
        return None
    return _value(document, operation["requestBody"]["content"]["application/json"]["schema"])


def _value(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    meaning = _resolved(document, schema)
    if "enum" in meaning or "const" in meaning:
        return meaning.get("const", meaning.get("enum", [None])[0])
    kind = meaning.get("type")
    if kind == "object":
        return {name: _value(document, meaning["properties"][name]) for name in meaning.get("required", ())}
    if kind == "array":
        return [_value(document, meaning["items"])] * meaning.get("minItems", 0)
    if kind == "string":
        return _FORMATS.get(meaning.get("format", ""), "a" * max(1, meaning.get("minLength", 1)))
    return {"integer": meaning.get("minimum", 1), "number": meaning.get("minimum", 1), "boolean": True}.get(
        str(kind)
    )


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        return _resolved(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    several = schema.get("anyOf") or schema.get("oneOf")
    return _resolved(document, several[0]) if several else schema
