"""Which problems a route may answer with, for OpenAPI: what its shape implies, and what it says itself.

@router.post("/v1/requests/{id}/accept", responses=refuses(IllegalMove, RequestNotFound))
"""

from typing import Any

from fastapi.routing import APIRoute

from shared.refusals import NotFound, Refusal
from shared.security.permits import declared, methods_of
from shared.security.refusals import NotPermitted, TokenExpired, TokenInvalid, TokenMissing
from shared.tenants import UnknownTenant
from shared.web.problems import MEDIA_TYPE, title, urn
from shared.web.refusals import (
    BodyTooLarge,
    BodyTooSlow,
    IdempotencyKeyReused,
    InvalidAddress,
    InvalidHeader,
    MalformedBody,
    PreconditionFailed,
    PreconditionRequired,
    StillProcessing,
    TooManyRequests,
    Unavailable,
    Unexpected,
    UnsupportedMediaType,
)
from shared.web.route import WireRoute
from shared.web.validation import InvalidRequest


def refusals_of(route: APIRoute) -> dict[int, list[type[Refusal]]]:
    """Everything that the route may be refused with, by status."""
    named = route.refusals if isinstance(route, WireRoute) else ()
    found: dict[int, list[type[Refusal]]] = {}
    for refusal in dict.fromkeys((*named, *_implied(route))):
        found.setdefault(refusal.status, []).append(refusal)
    return found


def documented_statuses(route: APIRoute) -> frozenset[int]:
    """Cached on the route, since every refusal asks."""
    known: frozenset[int] | None = route.__dict__.get("longxi_statuses")
    if known is None:
        known = frozenset(refusals_of(route)) | {int(status) for status in route.responses}
        route.__dict__["longxi_statuses"] = known
    return known


def takes_idempotency_key(route: APIRoute) -> bool:
    return "POST" in methods_of(route) and bool(declared(route))


def takes_if_match(route: APIRoute) -> bool:
    """A change of one thing, which two people could make at once."""
    return (
        bool(route.dependant.path_params)
        and not methods_of(route) & {"GET", "HEAD"}
        and bool(declared(route))
    )


def _implied(route: APIRoute) -> list[type[Refusal]]:
    refusals: list[type[Refusal]] = [InvalidHeader, InvalidAddress, Unexpected, Unavailable]
    if declared(route):
        refusals += [TokenMissing, TokenInvalid, TokenExpired, NotPermitted, UnknownTenant, TooManyRequests]
    if route.dependant.path_params:
        refusals.append(NotFound)
    if route.body_field is not None:
        refusals += [MalformedBody, UnsupportedMediaType, BodyTooLarge, BodyTooSlow]
    if route.body_field is not None or route.dependant.query_params or route.dependant.path_params:
        refusals.append(InvalidRequest)
    if takes_idempotency_key(route):
        refusals += [IdempotencyKeyReused, StillProcessing]
    if takes_if_match(route):
        refusals += [PreconditionFailed, PreconditionRequired]
    return refusals


def response_for(status: int, refusals: list[type[Refusal]]) -> dict[str, Any]:
    """The OpenAPI response of one status, an example for each type of problem."""
    examples = {
        refusal.type: {
            "summary": refusal.zh,
            "value": {
                "type": urn(refusal.type),
                "title": title(status, "zh"),
                "status": status,
                "detail": refusal.zh,
                "correlation": "01936c2e-7a3b-7000-8000-000000000000",
            },
        }
        for refusal in refusals
    }
    return {
        "description": title(status, "en"),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}},
    }


__all__ = [
    "documented_statuses",
    "refusals_of",
    "response_for",
    "takes_idempotency_key",
    "takes_if_match",
]
