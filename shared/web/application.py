"""One way to make a service's HTTP application."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import httpx
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from shared.caching import Cache
from shared.clock import Clock
from shared.database import Database
from shared.messaging.log import EventLog
from shared.security.authentication import Authenticator
from shared.security.permits import declared
from shared.security.principal import Role, RolePermissions
from shared.security.tokens import TokenVerifier
from shared.security.trust import TrustSettings, trusted_issuers
from shared.tenants import Tenants
from shared.web import errors, openapi
from shared.web.body import MAX_BODY_BYTES, MAX_BODY_SECONDS, wide_bodies
from shared.web.documentation import documentation_route
from shared.web.edge import Edge
from shared.web.gate import CallGate
from shared.web.health import Checks, readiness_of, system_routes
from shared.web.limits import DEFAULT_QUOTAS, RateLimits
from shared.web.provided import by_type, check_provided
from shared.web.request_metrics import RequestMetrics
from shared.web.route import WireRoute, adopt


class WebSettings(TrustSettings, Protocol):
    @property
    def redis_url(self) -> str | None: ...


class WebRuntime(Protocol):
    """What the application needs of a service's runtime."""

    @property
    def settings(self) -> WebSettings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def tenants(self) -> Tenants: ...
    @property
    def database(self) -> Database: ...
    @property
    def log(self) -> EventLog: ...
    @property
    def cache(self) -> Cache: ...
    @property
    def http(self) -> httpx.AsyncClient: ...


class Application(FastAPI):
    """FastAPI with our OpenAPI document, made once."""

    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            routes = [route for route in self.routes if isinstance(route, APIRoute)]
            self.openapi_schema = openapi.build(self.title, self.version, routes)
        return self.openapi_schema


def create_application(
    service: str,
    *,
    version: str,
    routers: Sequence[APIRouter],
    runtime: WebRuntime,
    permissions: RolePermissions,
    provides: Sequence[object] = (),
    checks: Checks | None = None,
    quotas: Mapping[Role, int | None] = DEFAULT_QUOTAS,
    max_body: int = MAX_BODY_BYTES,
    body_seconds: float = MAX_BODY_SECONDS,
) -> Application:
    """The application of a service: its routers and everything that all services have around them.

    `checks` are the parts for /readyz, by default the runtime's database, log and cache. Raises UndeclaredRoute,
    NotProvided, TypeError or ValueError, all at the start, for routes that are not as they have to be.
    """
    limits = RateLimits(runtime.clock, redis_url=runtime.settings.redis_url, quotas=quotas)
    issuers = trusted_issuers(runtime.settings, runtime.http, runtime.clock)
    verifier = TokenVerifier(issuers, runtime.tenants, runtime.clock)
    authenticator = Authenticator(
        verifier, permissions, database=runtime.database, tenants=runtime.tenants, clock=runtime.clock
    )
    gate = CallGate(
        authenticator, limits, clock=runtime.clock, database=runtime.database, cache=runtime.cache
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await limits.close()

    app = Application(
        title=f"Longxi {service}",
        version=version,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        # The edge makes the one span of a request; FastAPI's own would write the address and its query into it.
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.gate = gate
    app.state.clock = runtime.clock
    app.state.authenticator = authenticator
    app.state.permissions = permissions
    app.state.provided = by_type(provides)
    for route in checked(adopt(routers), app.state.provided):
        app.router.routes.append(route)
    parts = checks if checks is not None else readiness_of(runtime.database, runtime.log, runtime.cache)
    app.router.routes.extend([*system_routes(parts), documentation_route(app.openapi)])
    errors.install(app)
    app.add_middleware(
        Edge,
        metrics=RequestMetrics(),
        max_body=max_body,
        body_seconds=body_seconds,
        wide=wide_bodies(app.router.routes),
    )
    return app


def checked(routes: list[WireRoute], available: Mapping[type[Any], object]) -> list[WireRoute]:
    """The routes, once it is sure of each that it may be served."""
    seen: set[str] = set()
    for route in routes:
        declared(route)  # raises UndeclaredRoute
        check_provided(route.dependant, available, route.path)
        if route.unique_id in seen:
            raise ValueError(f"two operations are called {route.unique_id}: rename one function")
        seen.add(route.unique_id)
    return routes


__all__ = ["Application", "WebRuntime", "WebSettings", "checked", "create_application"]
