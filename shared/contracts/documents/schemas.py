"""A JSON Schema (2020-12) for each version of each event's data, with the data class of every field."""

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from shared.contracts.base import DataClass, Event

Schema = dict[str, Any]


def schema_of(event: type[Event]) -> Schema:
    """The schema of the event's data. `x-data-class` says of each field how careful one has to be with it."""
    schema = event.model_json_schema(mode="serialization")
    properties: dict[str, Schema] = schema["properties"]
    for name, field in event.model_fields.items():
        properties[name]["x-data-class"] = data_class(field).value
        properties[name].pop("title", None)
    required = [name for name, field in event.model_fields.items() if field.is_required()]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": event.dataschema(),
        "title": event.type,
        "description": " ".join((event.__doc__ or "").split()),
        "type": "object",
        "properties": properties,
        "required": required,
        **({"$defs": schema["$defs"]} if "$defs" in schema else {}),
    }


def data_class(field: FieldInfo) -> DataClass:
    """The most careful class among a field's parts. An enumeration's values are public words."""
    found = [mark for mark in field.metadata if isinstance(mark, DataClass)]
    found += _classes(field.annotation)
    for careful in (DataClass.SENSITIVE, DataClass.PSEUDONYMOUS):
        if careful in found:
            return careful
    return DataClass.PUBLIC


def _classes(annotation: Any) -> list[DataClass]:
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        return [mark for mark in marks if isinstance(mark, DataClass)] + _classes(inner)
    if get_origin(annotation) in (tuple, Union, UnionType):
        return [mark for part in get_args(annotation) for mark in _classes(part)]
    return []
