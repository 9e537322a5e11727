"""From Pydantic's errors to the `errors` of a problem: which field, what is wrong, never what was given."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.refusals import Language, Refusal
from shared.web.messages import message
from shared.web.refusals import MalformedBody

_MAX_ERRORS = 20
_MAX_POINTER = 200
_PLACE = re.compile(r"line (\d+) column (\d+)$")
_WHERE = {"body", "query", "path", "header", "cookie"}

FieldError = dict[str, str]
"""`field`, `in`, `type`, `detail`."""


class InvalidRequest(Refusal):
    status = 422
    type = "invalid-request"
    zh = "请求中有不正确的内容，详见 errors。"
    en = "Something in the request is wrong; see errors."


def malformed(errors: Iterable[Mapping[str, Any]]) -> MalformedBody | None:
    """The refusal of a body that could not be read at all, if that is the error."""
    for error in errors:
        if error["type"] == "json_invalid":
            place = _PLACE.search(str(error.get("ctx", {}).get("error", "")))
            if place is None:
                return MalformedBody.somewhere()
            return MalformedBody.at(int(place[1]), int(place[2]))
    return None


def field_errors(errors: Iterable[Mapping[str, Any]], language: Language) -> list[FieldError]:
    """One entry for each error, at most 20: a body of a thousand wrong rows is not answered with a thousand."""
    entries = [_field_error(error, language) for error in errors]
    return entries[:_MAX_ERRORS]


def _field_error(error: Mapping[str, Any], language: Language) -> FieldError:
    where, location = _split(error["loc"])
    return {
        "field": pointer(location),
        "in": where,
        "type": str(error["type"]).replace("_", "-"),
        "detail": message(error["type"], error.get("ctx", {}), language),
    }


def _split(location: Sequence[str | int]) -> tuple[str, Sequence[str | int]]:
    first = location[0] if location else "body"
    if first in _WHERE:
        return str(first), location[1:]
    return "body", location


def pointer(location: Iterable[str | int]) -> str:
    """A JSON pointer (RFC 6901). A name of the caller's own making is cut, so it cannot carry much back."""
    text = "".join(f"/{_escape(step)}" for step in location)
    return text if len(text) <= _MAX_POINTER else text[: _MAX_POINTER - 1] + "…"


def as_pointer(field: str) -> str:
    """A refusal's `field`, which may be a pointer already or a name, as a pointer."""
    return field if field.startswith("/") else pointer(field.split("."))


def _escape(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


__all__ = ["FieldError", "InvalidRequest", "as_pointer", "field_errors", "malformed", "pointer"]
