"""What a client sends to have a request made: a form, with the key in it and the attributes by name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from services.intake.open311.attributes import Answers
from services.intake.open311.refusals import (
    LocationMissing,
    NotAForm,
    SeveralThings,
    WrongCoordinates,
    WrongField,
    WrongMediaUrl,
)
from services.intake.open311.rules import MAX_DESCRIPTION
from services.intake.residents.rules import checked_email, normal_phone
from shared.refusals import Refusal
from shared.web import Text

_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 200
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,64})\](?:\[\])?")
_LENGTHS = {
    "address_string": 200,
    "address_id": 64,
    "first_name": 32,
    "last_name": 32,
    "account_id": 64,
    "media_url": 2000,
}
"""Characters. The standard limits the description alone; the others are those of our own API."""
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_DESCRIPTION = TypeAdapter[str](Annotated[str, Text(MAX_DESCRIPTION, lines=True)])
_LINES = {name: TypeAdapter[str](Annotated[str, Text(most)]) for name, most in _LENGTHS.items()}


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as they came; empty ones are as if they were not there (GeoReport v2, Optional Arguments)."""

    fields: Mapping[str, str]
    attributes: Answers


@dataclass(frozen=True, slots=True)
class Report:
    """A request that somebody wants to be made, each field checked by itself."""

    description: str | None
    latitude: float | None
    longitude: float | None
    address: str | None
    address_id: str | None
    name: str | None
    phone: str | None
    email: str | None
    account_id: str | None
    media_url: str | None
    attributes: Answers

    @property
    def says_who(self) -> bool:
        return any((self.name, self.phone, self.email, self.account_id))


async def form_of(request: Request) -> Form:
    """Raises NotAForm."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if media != _FORM:
        raise NotAForm
    try:
        pairs = parse_qsl(body.decode(), errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:  # UnicodeDecodeError is one
        raise NotAForm from None
    fields: dict[str, str] = {}
    attributes: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        attribute = _ATTRIBUTE.fullmatch(name)
        if attribute is not None:
            attributes[attribute[1]] = (*attributes.get(attribute[1], ()), value)
        elif value.strip():
            fields[name] = value.strip()
    return Form(fields, attributes)


async def api_key(request: Request) -> str | None:
    """The key, where the standard has it: in the form. None leaves it to the Authorization header."""
    try:
        return (await form_of(request)).fields.get("api_key")
    except NotAForm:
        return None


def report_of(form: Form) -> Report:
    """Raises SeveralThings with all that is wrong. Device ids are not kept: they say more of a person than a repair
    needs (PIPL article 6)."""
    wrong: list[Refusal] = []
    lines = {name: _line(form, name, wrong) for name in _LENGTHS}
    report = Report(
        description=_description(form, wrong),
        latitude=_degrees(form, "lat", 90, wrong),
        longitude=_degrees(form, "long", 180, wrong),
        address=lines["address_string"],
        address_id=lines["address_id"],
        name=_name(lines["first_name"], lines["last_name"]),
        phone=_checked(form, "phone", wrong),
        email=_checked(form, "email", wrong),
        account_id=lines["account_id"],
        media_url=_media(lines["media_url"], wrong),
        attributes=form.attributes,
    )
    if not wrong and (report.latitude is None) != (report.longitude is None):
        wrong.append(WrongCoordinates(field="lat"))
    located = report.latitude is not None or report.address or report.address_id
    if not located and not {"lat", "long", "address_string", "address_id"} & form.fields.keys():
        wrong.append(LocationMissing(field="lat"))
    if wrong:
        raise SeveralThings(wrong)
    return report


def _line(form: Form, name: str, wrong: list[Refusal]) -> str | None:
    value = form.fields.get(name)
    if value is None:
        return None
    try:
        return _LINES[name].validate_python(value)
    except ValidationError:
        wrong.append(WrongField(field=name, name=name, most=_LENGTHS[name]))
        return None


def _description(form: Form, wrong: list[Refusal]) -> str | None:
    value = form.fields.get("description")
    if value is None:
        return None
    try:
        return _DESCRIPTION.validate_python(value)
    except ValidationError:
        wrong.append(WrongField(field="description", name="description", most=MAX_DESCRIPTION))
        return None


def _degrees(form: Form, name: str, most: int, wrong: list[Refusal]) -> float | None:
    value = form.fields.get(name)
    if value is None:
        return None
    try:
        degrees = float(value)
    except ValueError:
        degrees = float("nan")
    if not -most <= degrees <= most:
        wrong.append(WrongCoordinates(field=name))
        return None
    return degrees


def _checked(form: Form, name: str, wrong: list[Refusal]) -> str | None:
    value = form.fields.get(name)
    if value is None:
        return None
    try:
        return normal_phone(value) if name == "phone" else checked_email(value)
    except Refusal as refusal:
        wrong.append(refusal)
        return None


def _media(url: str | None, wrong: list[Refusal]) -> str | None:
    """It is kept for whoever handles the request, and never fetched: what it shows may be anything."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        wrong.append(WrongMediaUrl(field="media_url"))
        return None
    return url


def _name(first: str | None, last: str | None) -> str | None:
    """Family name first and without a space, where it is Chinese."""
    if first and last:
        return last + first if _CHINESE.search(last + first) else f"{first} {last}"
    return first or last
