"""Guards docs/invariants/events-carry-no-personal-data.md: by their types, contracts have no room for it."""

from datetime import date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

import pytest
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from shared.contracts import base
from shared.contracts.base import DataClass, Event
from shared.contracts.catalogue import BY_TYPE, EVENTS, TOPICS
from shared.contracts.documents.schemas import schema_of

_TEXT_PATTERNS = {
    mark.pattern
    for kind in (base.Code, base.Reference, base.PlaceName)
    for field in get_args(kind)
    if isinstance(field, FieldInfo)
    for mark in field.metadata
    if getattr(mark, "pattern", None)
}
_PLAIN = (UUID, bool, int, float, date, datetime, AwareDatetime, NoneType)


def room_for_text(annotation: Any, metadata: tuple[Any, ...] = ()) -> str | None:
    """Why a type could hold free text; None if it cannot."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        flat = [item for mark in marks for item in (mark.metadata if isinstance(mark, FieldInfo) else [mark])]
        return room_for_text(inner, (*metadata, *flat))
    if origin in (tuple, Union, UnionType):
        parts = [part for part in get_args(annotation) if part is not Ellipsis]
        return next((why for part in parts if (why := room_for_text(part, metadata))), None)
    if annotation is str:
        patterns = {getattr(mark, "pattern", None) for mark in metadata} - {None}
        return None if patterns & _TEXT_PATTERNS else "a string without one of the closed patterns"
    if isinstance(annotation, type) and (issubclass(annotation, Enum) or annotation in _PLAIN):
        return None
    return f"{annotation} is not among the allowed types"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_no_field_has_room_for_personal_data(event: type[Event]) -> None:
    for name, field in event.model_fields.items():
        assert room_for_text(field.annotation, tuple(field.metadata)) is None, f"{event.type}.{name}"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_every_field_says_its_data_class_and_sensitive_ones_stay_in_restricted_topics(
    event: type[Event],
) -> None:
    classes = {name: field["x-data-class"] for name, field in schema_of(event)["properties"].items()}
    assert set(classes) == set(event.model_fields)
    if not event.restricted:
        assert DataClass.SENSITIVE.value not in classes.values()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_every_contract_is_described_frozen_and_keyed_by_an_id(event: type[Event]) -> None:
    assert event.__doc__
    assert event.__doc__ != Event.__doc__
    assert event.model_config.get("frozen") is True
    assert event.model_fields[event.aggregate].annotation is UUID
    assert event.topic() in TOPICS
    noun, _, verb = event.type.partition(".")
    assert noun
    assert verb.endswith(("ed", "withdrawn", "absent", "left", "held")), "events are named in the past tense"


def test_types_are_unique() -> None:
    assert len(BY_TYPE) == len(EVENTS)


class _Careless(Event):
    """What the check has to catch."""

    note: str = ""
    noted: str = Field(default="", max_length=20)


@pytest.mark.parametrize("name", ["note", "noted"])
def test_the_check_sees_a_free_text_field(name: str) -> None:
    field = _Careless.model_fields[name]
    assert room_for_text(field.annotation, tuple(field.metadata)) is not None


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        (base.Code, "张三", "a name"),
        (base.Code, "Zhang San", "a name in Latin letters has a space or a capital"),
        (base.PlaceName, "19900001234", "a phone number"),
        (base.PlaceName, "龙溪花园330102199001011234", "an ID number after a place"),
        (base.PlaceName, "龙溪花园3栋2单元501室，王五家", "punctuation joins a sentence"),
        (base.Reference, "19900001234", "a phone number"),
    ],
)
def test_text_types_refuse_what_looks_like_personal_data(kind: Any, value: str, why: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize("value", ["龙溪花园3栋", "龙溪路", "龙溪路12号", "A3区", "第二小学"])
def test_place_names_on_door_plates_are_taken(value: str) -> None:
    assert TypeAdapter(base.PlaceName).validate_python(value) == value
