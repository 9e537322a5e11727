"""The standard's two forms of one answer: XML, and JSON mapped from it by the Spark convention
(http://wiki.open311.org/JSON_and_XML_Conversion): the root and the names of what is repeated are left out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from xml.etree import ElementTree

from starlette.requests import HTTPConnection
from starlette.responses import Response

from services.intake.open311.refusals import SeveralThings, UnknownFormat
from shared.refusals import Language, Refusal
from shared.web.exchange import exchange_of
from shared.web.language import CONTENT_LANGUAGE

Format = Literal["xml", "json"]
PREFIX = "/open311/"
_MEDIA: Mapping[str, str] = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
MIME_TYPES = ("text/xml", "application/json")
_ONE_OF = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
    "notes": "note",
}
"""What an entry of each list is called in XML."""
_STATUSES = {401: 403, 403: 403, 404: 404, 429: 429}
"""Of our refusals. 429 and what is our own fault stay, so that a client knows to come again; the rest is 400."""
_OUR_FAULT = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """Something to say: the root's name in XML, and what is in it."""

    root: str
    content: Mapping[str, Any] | Sequence[Any]


def format_of(text: str) -> Format:
    """Raises UnknownFormat."""
    if text not in _MEDIA:
        raise UnknownFormat
    return "json" if text == "json" else "xml"


def written(answer: Answer, format: Format) -> bytes:
    if format == "json":
        return json.dumps(answer.content, ensure_ascii=False).encode()
    element = ElementTree.Element(answer.root)
    _fill(element, answer.content)
    text: bytes = ElementTree.tostring(element, encoding="utf-8", xml_declaration=True)
    return text


def response(answer: Answer, format: Format, language: Language, status: int = 200) -> Response:
    headers = {"Content-Type": _MEDIA[format], "Content-Language": CONTENT_LANGUAGE[language].decode()}
    return Response(written(answer, format), status, headers=headers)


def refused(
    connection: HTTPConnection, refusal: Refusal, document: Mapping[str, Any], headers: Mapping[str, str]
) -> Response:
    """A refusal in the standard's form and in the format that was asked for; XML where none can be told."""
    status = _STATUSES.get(refusal.status, refusal.status if refusal.status >= _OUR_FAULT else 400)
    language = exchange_of(connection).language
    each = refusal.refusals if isinstance(refusal, SeveralThings) else (refusal,)
    errors = [{"code": status, "description": one.message(language)} for one in each]
    format: Format = "json" if connection.scope["path"].endswith(".json") else "xml"
    answer = response(Answer("errors", errors), format, language, status)
    for name, value in headers.items():
        answer.headers[name] = value
    return answer


def _fill(element: ElementTree.Element, content: Any) -> None:
    if isinstance(content, Mapping):
        for name, value in content.items():
            _fill(ElementTree.SubElement(element, name), value)
    elif isinstance(content, list | tuple):
        for value in content:
            _fill(ElementTree.SubElement(element, _ONE_OF[element.tag]), value)
    elif isinstance(content, bool):
        element.text = "true" if content else "false"
    elif content is not None:
        element.text = str(content)
