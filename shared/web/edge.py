"""Everything that happens once around each request, in one ASGI layer, because each layer costs microseconds.

Correlation and trace, language, limits of the body, security headers, the time taken, and the last word on an error
that nobody expected. Inside, `exchange_of(request)` gives what was found out here.
"""

import logging
from time import perf_counter

from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.observing import spans, trace
from shared.refusals import Refusal
from shared.web.body import (
    MAX_BODY_BYTES,
    MAX_BODY_SECONDS,
    BoundedBody,
    WideBodies,
    WideBody,
    bounds_of,
    refuse_declared_size,
)
from shared.web.exchange import Exchange, correlation_from, open_exchange
from shared.web.language import negotiate
from shared.web.outages import is_outage
from shared.web.problems import problem_response
from shared.web.refusals import InvalidAddress, Unavailable, Unexpected
from shared.web.request_metrics import RequestMetrics

_HAS_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_COMMON = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"vary", b"Accept-Language, Authorization"),
]
# An API's answers are never rendered, so nothing in them may load or run.
_DATA = [*_COMMON, (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")]
_PAGE = [
    *_COMMON,
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
]

log = logging.getLogger(__name__)


class Edge:
    def __init__(
        self,
        app: ASGIApp,
        metrics: RequestMetrics,
        *,
        max_body: int = MAX_BODY_BYTES,
        body_seconds: float = MAX_BODY_SECONDS,
        wide: WideBodies = (),
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._bounds = WideBody(max_body, body_seconds)
        self._wide = wide

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        headers = dict(scope["headers"])
        bounds = self._bounds
        if self._wide:
            bounds = bounds_of(self._wide, scope["method"], scope["path"], bounds)
        refused: Refusal | None = None
        correlation = None
        try:
            correlation = correlation_from(headers.get(b"x-correlation-id"))
            self._check(scope, headers, bounds.bytes)
        except Refusal as refusal:
            refused = refusal
        traceparent = headers.get(b"traceparent")
        context = trace.begin(traceparent.decode("latin-1") if traceparent else None, correlation=correlation)
        exchange = Exchange(headers, negotiate(headers.get(b"accept-language")), context.correlation)
        open_exchange(scope, exchange)
        if scope["method"] in _HAS_BODY:
            receive = BoundedBody(receive, limit=bounds.bytes, seconds=bounds.seconds)
        answer = _Answer(send, exchange)
        with trace.use(context), spans.span(scope["method"], kind=SpanKind.SERVER) as span:
            try:
                if refused is not None:
                    await problem_response(Request(scope), refused)(scope, receive, answer)
                else:
                    await self._app(scope, receive, answer)
            except Exception as error:
                if exchange.status:
                    raise  # half an answer is out: the server has to cut the connection
                await problem_response(Request(scope), _last_word(error))(scope, receive, answer)
            finally:
                operation = self._metrics.observe(scope, exchange.status, perf_counter() - started)
                if span.is_recording():
                    span.update_name(operation)
                    span.set_attribute("http.response.status_code", exchange.status)

    @staticmethod
    def _check(scope: Scope, headers: dict[bytes, bytes], max_body: int) -> None:
        """What can be refused before anything is read."""
        refuse_declared_size(headers.get(b"content-length"), max_body)
        query: bytes = scope["query_string"]
        # PostgreSQL stores no NUL, and no name or code has control characters, so they stop here for all routes.
        path: str = scope["path"]
        if (b"%" in query and _has_encoded_control(query)) or (
            not path.isprintable() and any(character < " " or character == "\x7f" for character in path)
        ):
            raise InvalidAddress


class _Answer:
    """A `send` that adds the headers that every answer has."""

    __slots__ = ("_exchange", "_send")

    def __init__(self, send: Send, exchange: Exchange) -> None:
        self._send = send
        self._exchange = exchange

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange = self._exchange
            exchange.status = message["status"]
            message["headers"] = [
                *message["headers"],
                *(_PAGE if exchange.is_page else _DATA),
                (b"x-correlation-id", str(exchange.correlation).encode()),
                *exchange.answer_headers,
            ]
            if not any(name == b"etag" for name, _ in exchange.answer_headers):
                message["headers"].append((b"cache-control", b"no-store"))
        await self._send(message)


def _has_encoded_control(query: bytes) -> bool:
    """Percent-encoded C0 controls and DEL, except tab and line breaks, which a search may carry."""
    at = query.find(b"%")
    while at >= 0:
        code = query[at + 1 : at + 3].lower()
        if code == b"7f" or (code[:1] in b"01" and len(code) == 2 and code not in (b"09", b"0a", b"0d")):
            return True
        at = query.find(b"%", at + 1)
    return False


def _last_word(error: Exception) -> Refusal:
    """The caller learns nothing of the inside; the log, under the same correlation id, learns all."""
    if is_outage(error):
        log.error("database unavailable", extra={"error": type(error).__name__})
        return Unavailable()
    log.error("unexpected error", exc_info=error)
    return Unexpected()


__all__ = ["Edge"]
