"""The OpenAPI 3.1 document: FastAPI's, with our problems, headers, permissions and nothing that is not true."""

from collections.abc import Iterable
from typing import Any

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from shared.security.permits import declared, methods_of
from shared.web.openapi_shared import share_responses
from shared.web.problem_docs import (
    refusals_of,
    response_for,
    takes_idempotency_key,
    takes_if_match,
)
from shared.web.problems import Problem

Document = dict[str, Any]
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "A JWT of a configured OIDC issuer, or a portal's API key (`lxk_…`).",
}
_PARAMETERS: dict[str, Document] = {
    "AcceptLanguage": {
        "name": "Accept-Language",
        "in": "header",
        "description": "`zh` (default) or `en`: the language of problems.",
        "schema": {"type": "string"},
    },
    "CorrelationId": {
        "name": "X-Correlation-Id",
        "in": "header",
        "description": "Follows this call through all services; made up where absent, and always in the answer.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A repeated call with the same key and body is answered as the first was, for 7 days.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x20-\\x7e]+$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag of what is being changed, where the operation asks for it.",
        "schema": {"type": "string"},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag of what is known already: answered with 304 if it still holds.",
        "schema": {"type": "string"},
    },
}


def build(title: str, version: str, routes: Iterable[APIRoute]) -> Document:
    """The document of these routes."""
    shown = [route for route in routes if route.include_in_schema]
    document = get_openapi(title=title, version=version, openapi_version="3.1.0", routes=shown)
    for route in shown:
        for method in sorted(methods_of(route)):
            _complete(document["paths"][route.path_format][method.lower()], route, method)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    components["securitySchemes"] = {"bearer": _BEARER}
    components["parameters"] = _PARAMETERS
    share_responses(document)
    return document


def _complete(operation: Document, route: APIRoute, method: str) -> None:
    responses: Document = operation["responses"]
    if "422" not in {str(status) for status in route.responses}:
        responses.pop("422", None)  # FastAPI's own form of it, which we do not send
    for status, refusals in refusals_of(route).items():
        responses.setdefault(str(status), response_for(status, refusals))
    if method == "GET" and route.dependant.path_params:
        responses["304"] = {"description": "Not Modified"}
    operation["responses"] = dict(sorted(responses.items()))
    operation.setdefault("parameters", []).extend(
        {"$ref": f"#/components/parameters/{name}"} for name in _parameters(route, method)
    )
    permissions = declared(route)
    operation["security"] = [{"bearer": []}] if permissions else []
    operation["x-permissions"] = list(permissions)
    operation.setdefault("tags", _default_tags(route.path_format))


def _parameters(route: APIRoute, method: str) -> list[str]:
    names = ["AcceptLanguage", "CorrelationId"]
    if takes_idempotency_key(route):
        names.append("IdempotencyKey")
    if takes_if_match(route):
        names.append("IfMatch")
    if method == "GET" and route.dependant.path_params:
        names.append("IfNoneMatch")
    return names


def _default_tags(path: str) -> list[str]:
    """The noun of the path: `/v1/requests/{id}` is about requests."""
    steps = [step for step in path.split("/") if step and not step.startswith("{")]
    return [steps[1] if len(steps) > 1 and steps[0][:1] == "v" else steps[0]] if steps else []


__all__ = ["build"]
