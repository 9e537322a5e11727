"""Routes whose body is validated straight from its JSON.

FastAPI parses a body to Python objects and validates those. Strictly, that refuses every UUID, time and enum, which
in JSON are text; leniently, it takes "5" and `true` for a number. Validating the bytes themselves is right, and half
the work. This is the one place that reaches into FastAPI's internals; tests/shared/web/test_bodies.py guards it.
"""

import re
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, params
from fastapi._compat import ModelField
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from shared.clock import Clock, system_clock
from shared.refusals import Refusal
from shared.web.refusals import UnsupportedMediaType
from shared.web.refusing import separated


class _JsonText:
    """A body as it came; the only thing that a `_JsonField` takes."""

    __slots__ = ("now", "raw")

    def __init__(self, raw: bytes, now: datetime) -> None:
        self.raw = raw
        self.now = now


class _JsonRequest(Request):
    """Gives FastAPI the unparsed body where it asks for the parsed one."""

    async def json(self) -> Any:
        clock: Clock = getattr(self.app.state, "clock", system_clock)
        return _JsonText(await self.body(), clock())


class _JsonField(ModelField):
    def validate(
        self, value: Any, values: dict[str, Any] | None = None, *, loc: tuple[int | str, ...] = ()
    ) -> tuple[Any, list[dict[str, Any]]]:
        if not isinstance(value, _JsonText):
            return super().validate(value, loc=loc)
        try:
            return self._type_adapter.validate_json(value.raw, context={"now": value.now}), []
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            return None, [{**entry, "loc": loc + entry["loc"]} for entry in found]


class WireRoute(APIRoute):
    """A route with at most one body, a model."""

    refusals: tuple[type[Refusal], ...] = ()
    """What it says it may refuse (`refuses`)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        if self.body_field is None or isinstance(self.body_field.field_info, params.Form):
            return super().get_route_handler()
        fields = self.dependant.body_params
        if len(fields) != 1 or self._embed_body_fields:
            raise TypeError(f"{self.path}: a route takes one body, a Model")
        field = fields[0]
        fields[0] = _JsonField(field.field_info, field.name, field.mode, field.config)
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            # Read here, where a refusal is a refusal: inside, FastAPI makes any error of reading a bare 400.
            body = await request.body()
            if body and not _is_json(request.headers.get("content-type", "")):
                raise UnsupportedMediaType
            wire = _JsonRequest(request.scope, request.receive)
            wire._body = body
            return await handler(wire)

        return handle


def adopt(routers: Sequence[APIRouter]) -> list[WireRoute]:
    """The routes of these routers, nested ones included, as ours, flat: the path of each in full.

    Flat because FastAPI 0.165 otherwise matches a path twice for each level of inclusion. Remembered, since a route knows
    nothing of the application that it is in, and two hundred of them take most of a second: who makes an application of
    the same routers again (a test) gets the same routes.
    """
    names = tuple(map(id, routers))
    if names not in _remembered:
        if len(_remembered) == _MOST:
            del _remembered[next(iter(_remembered))]
        _remembered[names] = (tuple(routers), _routes_of(routers))
    return list(_remembered[names][1])


_MOST = 8
# The routers are kept too: an id is a name only for as long as what bears it lives.
_remembered: dict[tuple[int, ...], tuple[tuple[APIRouter, ...], tuple[WireRoute, ...]]] = {}


def _routes_of(routers: Sequence[APIRouter]) -> tuple[WireRoute, ...]:
    adopted = []
    for router in routers:
        for context in iter_route_contexts(router.routes):
            if not isinstance(context.original_route, APIRoute):
                raise TypeError(f"{context.path}: only API routes may be given to create_application")
            adopted.append(_adopted(context))
    _keep_words_from_parameters(adopted)
    return tuple(adopted)


def _keep_words_from_parameters(routes: list[WireRoute]) -> None:
    """A path that some route spells out is no value of another's parameter: where `POST /residents/find` is, `GET` of
    it is a method that is not allowed (405) rather than `GET /residents/{id}` with a wrong id."""
    words = {route.path for route in routes if not route.param_convertors}
    for route in routes:
        taken = sorted(re.escape(path) for path in words if route.path_regex.match(path))
        if taken and route.param_convertors:
            pattern = route.path_regex.pattern.removeprefix("^")
            route.path_regex = re.compile(f"^(?!(?:{'|'.join(taken)})$){pattern}")


def _adopted(route: Any) -> WireRoute:
    refusals, responses = separated(route.responses)
    adopted = WireRoute(
        route.path,
        route.endpoint,
        response_model=route.response_model,
        status_code=route.status_code,
        tags=route.tags,
        dependencies=route.dependencies,
        summary=route.summary,
        description=route.description,
        response_description=route.response_description,
        responses=responses,
        deprecated=route.deprecated,
        name=route.name,
        methods=route.methods,
        operation_id=route.operation_id or route.name,
        response_model_by_alias=route.response_model_by_alias,
        response_model_exclude_none=route.response_model_exclude_none,
        include_in_schema=route.include_in_schema,
        response_class=route.response_class,
        openapi_extra=route.openapi_extra,
    )
    adopted.refusals = refusals
    return adopted


def _is_json(content_type: str) -> bool:
    media = content_type.partition(";")[0].strip().lower()
    return media == "application/json" or (media.startswith("application/") and media.endswith("+json"))


def allowed_methods(routes: list[BaseRoute], path: str) -> list[str]:
    """Every method that some route takes at this address, for the Allow header."""
    found: set[str] = set()
    for route in routes:
        regex, methods = getattr(route, "path_regex", None), getattr(route, "methods", None)
        if regex is not None and methods and regex.match(path):
            found |= methods
    return sorted(found)


__all__ = ["WireRoute", "adopt", "allowed_methods"]
