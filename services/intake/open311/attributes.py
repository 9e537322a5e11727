"""What a service asks beside the description: the attributes of the standard, and what was answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.intake.open311.refusals import AttributeMissing, AttributeUnknown, AttributeWrong
from shared.refusals import Refusal

_MAX_TEXT = 2000
_MAX_STRING = 255

Answers = Mapping[str, tuple[str, ...]]
"""By the attribute's code; several values for a list of which several may be chosen."""


class Datatype(StrEnum):
    """Of GeoReport v2, GET Service Definition."""

    STRING = "string"
    NUMBER = "number"
    DATETIME = "datetime"
    TEXT = "text"
    ONE = "singlevaluelist"
    SEVERAL = "multivaluelist"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One question. Where `asked` is not, it only tells people something."""

    code: str
    datatype: Datatype
    description: str
    required: bool = False
    datatype_description: str = ""
    values: Mapping[str, str] | None = None
    """Key and name of each choice, for the two lists."""
    asked: bool = True


def shown(attribute: Attribute, order: int) -> dict[str, object]:
    """As the definition has it; `order` counts from 1."""
    told: dict[str, object] = {
        "variable": attribute.asked,
        "code": attribute.code,
        "datatype": attribute.datatype.value,
        "required": attribute.required,
        "datatype_description": attribute.datatype_description or None,
        "order": order,
        "description": attribute.description,
    }
    if attribute.values is not None:
        told["values"] = [{"key": key, "name": name} for key, name in attribute.values.items()]
    return told


def wrong(attributes: Sequence[Attribute], given: Answers) -> list[Refusal]:
    """All that is wrong with the answers."""
    known = {attribute.code: attribute for attribute in attributes if attribute.asked}
    found: list[Refusal] = []
    if given.keys() - known.keys():
        found.append(AttributeUnknown(field="attribute"))
    for code, attribute in known.items():
        values = given.get(code, ())
        if not values:
            if attribute.required:
                found.append(AttributeMissing(field="attribute", code=code))
        elif not _fits(attribute, values):
            found.append(AttributeWrong(field="attribute", code=code, datatype=attribute.datatype.value))
    return found


def _fits(attribute: Attribute, values: tuple[str, ...]) -> bool:
    if attribute.datatype is Datatype.SEVERAL:
        return all(value in (attribute.values or {}) for value in values)
    (value, *more) = values
    return not more and _fits_one(attribute, value)


def _fits_one(attribute: Attribute, value: str) -> bool:
    match attribute.datatype:
        case Datatype.ONE:
            return value in (attribute.values or {})
        case Datatype.NUMBER:
            return _is(float, value) and value.strip().lower().lstrip("+-") not in {"nan", "inf", "infinity"}
        case Datatype.DATETIME:
            return _is(datetime.fromisoformat, value)
        case Datatype.STRING:
            return len(value) <= _MAX_STRING and value.isprintable()
        case _:
            return len(value) <= _MAX_TEXT


def _is(parse: object, value: str) -> bool:
    try:
        parse(value)  # type: ignore[operator]  # float, or datetime.fromisoformat
    except ValueError:
        return False
    return True
