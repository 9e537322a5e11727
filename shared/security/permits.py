"""Every route says who may call it, at the route:

    call: Annotated[Call, permit("requests:file")]       any one of the permissions suffices
    call: Annotated[Call, permit("requests:file", credential=api_key)]   the credential stands where a standard wants it
    visitor: Annotated[Visitor, public_route()]           open to everyone, on purpose

`create_application` refuses a route that says neither, and `route_permissions` lists them for the documents.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute


class Gate(Protocol):
    """What the application keeps in `state.gate`: it knows callers by their token and lets them in."""

    def admit(
        self, request: Request, permissions: tuple[str, ...], *, credential: str | None = None
    ) -> Awaitable[Any]:
        """The `Call` of a caller who holds one of the permissions; refuses any other.

        `credential` is a token or key that did not come in the Authorization header.
        """
        ...

    def visit(self, request: Request) -> Any:
        """The `Visitor` of a public route."""
        ...


Credential = Callable[[Request], Awaitable[str | None]]
"""Finds a caller's token or key where it stands; None where it is in the Authorization header, or nowhere."""


@dataclass(frozen=True, slots=True)
class _Permit:
    permissions: tuple[str, ...]
    credential: Credential | None = None

    async def __call__(self, request: Request) -> Any:
        gate: Gate = request.app.state.gate
        found = None if self.credential is None else await self.credential(request)
        return await gate.admit(request, self.permissions, credential=found)


@dataclass(frozen=True, slots=True)
class _Public:
    async def __call__(self, request: Request) -> Any:
        gate: Gate = request.app.state.gate
        return gate.visit(request)


@dataclass(frozen=True, slots=True)
class RoutePermission:
    """One route and who may call it; no permissions means that it is public."""

    method: str
    path: str
    operation: str
    permissions: tuple[str, ...]


class UndeclaredRoute(Exception):
    """A route without `permit` or `public_route`, or with both."""


def permit(*permissions: str, credential: Credential | None = None) -> Any:
    """Marks a parameter of a route: `Annotated[Call, permit("requests:file")]`.

    `credential` is for standards that put the key elsewhere than into the Authorization header.
    """
    if not permissions:
        raise ValueError("a permit needs a permission; an open route says public_route()")
    return Depends(_Permit(permissions, credential))


def public_route() -> Any:
    """Marks a route as open to everyone: `Annotated[Visitor, public_route()]`, or in its `dependencies`."""
    return Depends(_Public())


def route_permissions(routes: Iterable[BaseRoute]) -> Iterator[RoutePermission]:
    """Every API route with its permissions. Raises UndeclaredRoute that names the first one without."""
    for route in routes:
        if isinstance(route, APIRoute):
            permissions = declared(route)
            for method in sorted(methods_of(route)):
                yield RoutePermission(method, route.path, route.unique_id, permissions)


def declared(route: APIRoute) -> tuple[str, ...]:
    """The permissions that a route declares, empty for a public one."""
    markers = {call for call in _calls(route.dependant) if isinstance(call, _Permit | _Public)}
    if len(markers) != 1:
        raise UndeclaredRoute(
            f"{'/'.join(sorted(methods_of(route)))} {route.path} ({route.name}): declare exactly one of "
            "permit(...) and public_route()"
        )
    marker = markers.pop()
    return marker.permissions if isinstance(marker, _Permit) else ()


def methods_of(route: APIRoute) -> frozenset[str]:
    return frozenset(route.methods or ())


def _calls(dependant: Dependant) -> Iterator[Any]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)


__all__ = [
    "Credential",
    "Gate",
    "RoutePermission",
    "UndeclaredRoute",
    "declared",
    "methods_of",
    "permit",
    "public_route",
    "route_permissions",
]
