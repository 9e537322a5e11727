"""RFC 9457 problem details: what every answer that is not a success looks like."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import HTTPConnection
from starlette.responses import Response

from shared.refusals import Language, Refusal
from shared.web.dialects import dialect_of
from shared.web.exchange import Exchange, exchange_of
from shared.web.language import CONTENT_LANGUAGE
from shared.web.validation import FieldError, as_pointer

MEDIA_TYPE = "application/problem+json"
_TITLES_ZH = {
    400: "请求有误",
    401: "未认证",
    403: "无权限",
    404: "未找到",
    405: "方法不允许",
    408: "请求超时",
    409: "冲突",
    412: "前提条件不成立",
    413: "正文过大",
    415: "类型不支持",
    422: "内容不合要求",
    428: "缺少前提条件",
    429: "请求过于频繁",
    500: "内部错误",
    503: "暂不可用",
}


class FieldProblem(BaseModel):
    """One field that is wrong."""

    model_config = ConfigDict(use_attribute_docstrings=True, populate_by_name=True)

    field: str
    """JSON pointer (RFC 6901) into the body, or to the parameter or header; empty for the whole."""
    where: str = Field(alias="in")
    """`body`, `query`, `path` or `header`."""
    type: str
    """What is wrong, as a stable word."""
    detail: str
    """The same for people."""


class Problem(BaseModel):
    """Why a request was not carried out (RFC 9457)."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str
    """Stable: `urn:longxi:problem:<word>`. Programs decide by this."""
    title: str
    """The status in words, Chinese or English by Accept-Language."""
    status: int
    detail: str
    """What is wrong and what to do, for people."""
    correlation: str
    """Finds this call in the logs of all services; also in X-Correlation-Id."""
    errors: list[FieldProblem] | None = None
    """The fields at fault, where there are any."""


def urn(type: str) -> str:
    return f"urn:longxi:problem:{type}"


def title(status: int, language: Language) -> str:
    if language == "zh":
        return _TITLES_ZH.get(status, "未能完成")
    return HTTPStatus(status).phrase


def problem(
    refusal: Refusal, exchange: Exchange, errors: Sequence[FieldError] = ()
) -> tuple[dict[str, Any], Mapping[str, str]]:
    """The document, and the headers that go with this refusal."""
    document: dict[str, Any] = {
        "type": urn(refusal.type),
        "title": title(refusal.status, exchange.language),
        "status": refusal.status,
        "detail": refusal.message(exchange.language),
        "correlation": str(exchange.correlation),
    }
    if refusal.field is not None and not errors:
        where = "header" if refusal.type == "invalid-header" else "body"
        errors = [
            {
                "field": as_pointer(refusal.field),
                "in": where,
                "type": refusal.type,
                "detail": document["detail"],
            }
        ]
    if errors:
        document["errors"] = list(errors)
    headers: Mapping[str, str] = getattr(refusal, "headers", {})
    return document, headers


def problem_response(
    connection: HTTPConnection, refusal: Refusal, errors: Sequence[FieldError] = ()
) -> Response:
    exchange = exchange_of(connection)
    document, headers = problem(refusal, exchange, errors)
    dialect = dialect_of(connection)
    if dialect is not None:
        return dialect.refused(connection, refusal, document, headers)
    response = Response(orjson.dumps(document), refusal.status, media_type=MEDIA_TYPE)
    response.headers["Content-Language"] = CONTENT_LANGUAGE[exchange.language].decode()
    for name, value in headers.items():
        response.headers[name] = value
    return response


__all__ = ["MEDIA_TYPE", "FieldProblem", "Problem", "problem", "problem_response", "title", "urn"]
