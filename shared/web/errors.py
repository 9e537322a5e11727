"""Exceptions that end a request, each made into its answer."""

import logging
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.refusals import Refusal
from shared.web.etags import NotModified
from shared.web.exchange import exchange_of
from shared.web.idempotency import AnswerReplayed
from shared.web.problem_docs import documented_statuses
from shared.web.problems import problem_response
from shared.web.refusals import MalformedBody, MethodNotAllowed, PathNotFound, Unexpected
from shared.web.route import allowed_methods
from shared.web.validation import InvalidRequest, field_errors, malformed

log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    handlers: list[tuple[type[Exception], Callable[..., Any]]] = [
        (Refusal, _refused),
        (RequestValidationError, _invalid),
        (HTTPException, _http_error),
        (AnswerReplayed, _replayed),
        (NotModified, _not_modified),
    ]
    for kind, handler in handlers:
        app.add_exception_handler(kind, handler)


async def _refused(request: Request, refusal: Refusal) -> Response:
    route = request.scope.get("route")
    if route is not None and refusal.status not in documented_statuses(route):
        # The route's `responses=refuses(...)` should name it.
        log.warning("undocumented refusal", extra={"refusal": refusal.type, "route": route.path})
    return problem_response(request, refusal)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    unreadable = malformed(error.errors())
    if unreadable is not None:
        return problem_response(request, unreadable)
    return problem_response(
        request, InvalidRequest(), field_errors(error.errors(), exchange_of(request).language)
    )


async def _http_error(request: Request, error: HTTPException) -> Response:
    """Starlette's and FastAPI's own errors; ours are refusals."""
    refusal: Refusal
    if error.status_code == 404:
        refusal = PathNotFound()
    elif error.status_code == 405:
        allowed = allowed_methods(request.app.router.routes, request.scope["path"])
        refusal = MethodNotAllowed(allowed=", ".join(allowed))
    elif error.status_code == 400:
        refusal = MalformedBody.somewhere()
    else:
        log.error("raise a Refusal, not an HTTPException", extra={"status": error.status_code})
        refusal = Unexpected()
    return problem_response(request, refusal)


async def _replayed(_request: Request, answer: AnswerReplayed) -> Response:
    headers = {"Idempotency-Replayed": "true"}
    return Response(answer.body, answer.status, headers=headers, media_type="application/json")


async def _not_modified(_request: Request, _known: NotModified) -> Response:
    return Response(status_code=304)


__all__ = ["install"]
