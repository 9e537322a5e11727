"""What travels in bodies: strict models, and text that can be stored.

    class FileRequest(Model):
        subject: Annotated[str, Text(100)]
        body: Annotated[str, Text(2000, lines=True)]
        happened_at: PastMoment | None = None

A body is validated straight from its JSON (`shared.web.route`), where strict means: a UUID, time or code is given as
text, a number is a number. `true` is no integer, and "5" is none either.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shared.clock import system_clock

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_SKEW = timedelta(minutes=5)  # a phone's clock may run ahead by so much
_YEARS = range(1900, 2200)
_MULTI_LINE = frozenset("\n\t")
# The same in JSON Schema's words (ECMA 262): no controls, and one character that is no white space.
_LINE_PATTERN = (
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
)
_LINES_PATTERN = (
    r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f]"
    r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
)


class Model(BaseModel):
    """Base of all wire schemas: strict types, no unknown fields, no NaN, frozen; docstrings describe the fields."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        # An error must not quote what was typed, not even in our own log.
        hide_input_in_errors=True,
    )


@dataclass(frozen=True, slots=True)
class Text:
    """`Annotated[str, Text(100)]`: so many characters, not blank, no control characters; `lines` allows line breaks
    and tabs.

    NUL cannot be stored in PostgreSQL, lone surrogates not be encoded, and the rest is invisible where it is shown.
    Line breaks arrive as CR LF from some browsers and are kept as LF.
    """

    max_length: int
    lines: bool = False
    min_length: int = 1

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if source is not str:
            raise TypeError("Text belongs to str: Annotated[str, Text(100)] | None for what may be absent")
        text = core_schema.str_schema(min_length=self.min_length, max_length=self.max_length, strict=True)
        check = _check_lines if self.lines else _check_line
        return core_schema.no_info_after_validator_function(check, text)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        document = handler(schema)
        document["pattern"] = _LINES_PATTERN if self.lines else _LINE_PATTERN
        return document


def _check_line(text: str) -> str:
    # isprintable() is a fast way to say that nothing is wrong; it also refuses some harmless spaces, hence the rest.
    if not text.isprintable():
        _refuse_controls(text, frozenset())
    return _not_blank(text)


def _check_lines(text: str) -> str:
    if not text.isprintable():
        text = text.replace("\r\n", "\n")
        _refuse_controls(text, _MULTI_LINE)
    return _not_blank(text)


def _refuse_controls(text: str, allowed: frozenset[str]) -> None:
    for character in text:
        code = ord(character)
        if (code < 0x20 or 0x7F <= code <= 0x9F) and character not in allowed:
            raise PydanticCustomError("control_character", "contains a control character")
        if 0xD800 <= code <= 0xDFFF:
            raise PydanticCustomError("lone_surrogate", "contains a lone surrogate")


def _not_blank(text: str) -> str:
    if not text or text.isspace():
        raise PydanticCustomError("blank", "is blank")
    return text


def _storable(moment: datetime) -> datetime:
    if moment.year not in _YEARS:  # also keeps a change of zone from leaving the calendar
        raise PydanticCustomError("time_out_of_range", "is out of range")
    return moment.astimezone(UTC)


def _storable_day(day: date) -> date:
    if day.year not in _YEARS:
        raise PydanticCustomError("time_out_of_range", "is out of range")
    return day


def _past(moment: datetime, info: ValidationInfo) -> datetime:
    if moment > _now(info) + _SKEW:
        raise PydanticCustomError("in_future", "is in the future")
    return moment


def _past_day(day: date, info: ValidationInfo) -> date:
    if day > _now(info).astimezone(_SHANGHAI).date():
        raise PydanticCustomError("in_future", "is in the future")
    return day


def _now(info: ValidationInfo) -> datetime:
    """The application's clock, which the body's validation brings along."""
    context = info.context
    now = context.get("now") if isinstance(context, dict) else None
    return now if isinstance(now, datetime) else system_clock()


Moment = Annotated[AwareDatetime, AfterValidator(_storable)]
"""A time with its zone, from 1900 to 2199, kept in UTC."""
PastMoment = Annotated[AwareDatetime, AfterValidator(_storable), AfterValidator(_past)]
"""A Moment that is not in the future, give or take five minutes."""
Day = Annotated[date, AfterValidator(_storable_day)]
PastDay = Annotated[date, AfterValidator(_storable_day), AfterValidator(_past_day)]
"""A day in China that is not after today."""
Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""A count that fits PostgreSQL's integer."""

__all__ = ["Day", "Model", "Moment", "PastDay", "PastMoment", "Text", "Whole"]
