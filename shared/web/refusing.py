"""A route says what its feature may refuse, beside what every route of its shape may:

@router.post("/v1/requests/{id}/accept", responses=refuses(IllegalMove, RequestNotFound))
"""

from collections.abc import Mapping
from typing import Any

from shared.refusals import Refusal

_KEY = "refusals"
Responses = dict[int | str, dict[str, Any]]


def refuses(*refusals: type[Refusal]) -> Responses:
    """For `responses` of a route or a router."""
    responses: Responses = {}
    for refusal in refusals:
        responses.setdefault(refusal.status, {_KEY: ()})[_KEY] += (refusal,)
    return responses


def separated(responses: Mapping[int | str, dict[str, Any]]) -> tuple[tuple[type[Refusal], ...], Responses]:
    """What `refuses` put in, and the rest, which FastAPI understands."""
    named = tuple(refusal for response in responses.values() for refusal in response.get(_KEY, ()))
    return named, {status: response for status, response in responses.items() if _KEY not in response}


__all__ = ["Responses", "refuses", "separated"]
