"""No route is open by accident: each says who may call it, and lets nobody else in."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi.routing import APIRoute

from services.casework.main import SERVICE as CASEWORK
from services.employment.main import SERVICE as EMPLOYMENT
from services.intake.main import SERVICE as INTAKE
from services.notifications.main import SERVICE as NOTIFICATIONS
from shared.runtime.documents import unconnected_application
from shared.runtime.permissions import PAGE, page
from shared.runtime.service import Service
from shared.security import LocalIssuer, RoutePermission, route_permissions
from shared.settings import Issuer

ROOT = Path(__file__).parents[2]
SERVICES: tuple[Service[Any], ...] = (INTAKE, CASEWORK, EMPLOYMENT, NOTIFICATIONS)
OPEN = {"POST /v1/receipts/aliyun", "POST /v1/receipts/aliyun/{secret}"}
"""Called by the SMS provider, which shows a secret of its own."""
EVERYBODY = {
    "GET /open311/v2/discovery.{format}",
    "GET /open311/v2/requests.{format}",
    "GET /open311/v2/requests/{id}.{format}",
    "GET /open311/v2/services.{format}",
    "GET /open311/v2/services/{code}.{format}",
    "GET /open311/v2/tokens/{token}.{format}",
    "GET /v1/open-data/requests",
    "GET /v1/attachment-links/{word}",
    "POST /v1/requests/follow",
    "GET /v1/public/{community}/activities/{activity}/ledger",
    "GET /v1/public/{community}/rates",
}
"""Meant for everybody: what is published, and what a link or a code opens that somebody with a permission was given."""
OF_A_STANDARD = "/open311/"
"""Says 403 where we say 401, in a form of its own."""
SOMETHING = UUID("019a0000-0000-7000-8000-000000000001")


def _routes(service: Service[Any]) -> list[RoutePermission]:
    return list(route_permissions(unconnected_application(service).routes))


ROUTES = [
    pytest.param(service, route, id=f"{service.name} {route.method} {route.path}")
    for service in SERVICES
    for route in _routes(service)
]


def test_the_committed_table_of_permissions_is_current() -> None:
    """Guards docs/invariants/every-route-declares-its-permission.md: a change of a permission is seen in review."""
    assert page() == (ROOT / PAGE).read_text(encoding="utf-8"), "run `make documents`"


def test_only_what_is_meant_for_everybody_and_the_receipts_of_the_sms_provider_are_open() -> None:
    found = {
        f"{route.method} {route.path}"
        for service in SERVICES
        for route in _routes(service)
        if not route.permissions
    }
    assert found == OPEN | EVERYBODY


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_permission_of_a_role_opens_a_route(service: Service[Any]) -> None:
    """A permission that opens nothing is a misspelt one."""
    asked = {permission for route in _routes(service) for permission in route.permissions}
    held = {permission for permissions in service.permissions.values() for permission in permissions}
    assert held <= asked | BESIDE_ROUTES


BESIDE_ROUTES = {"requests:exclude", "requests:relax"}
"""Asked for within a route, for a part of what it can do."""


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> "Doors":
    return Doors(LocalIssuer(tmp_path_factory.mktemp("issuer")))


class Doors:
    """The services' applications with nothing behind them; who gets past the door would get a 500 or 503."""

    def __init__(self, issuer: LocalIssuer) -> None:
        self._issuer = issuer
        self._apps: dict[str, Any] = {}

    async def knock(self, service: Service[Any], route: RoutePermission, token: str | None) -> httpx.Response:
        path = route.path
        for parameter in _parameters(self._app(service), route):
            path = path.replace(f"{{{parameter}}}", str(SOMETHING))
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(app=self._app(service), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(route.method, path, headers=headers, json={})

    def nobody(self) -> str:
        """A good token that names no role."""
        return self._issuer.mint("longxi", "nobody", [])

    def _app(self, service: Service[Any]) -> Any:
        if service.name not in self._apps:
            trusted = [Issuer(issuer=self._issuer.issuer, jwks_file=self._issuer.jwks_file)]
            self._apps[service.name] = unconnected_application(service, oidc_issuers=trusted)
        return self._apps[service.name]


def _parameters(app: Any, route: RoutePermission) -> list[str]:
    return [
        name
        for one in app.routes
        if isinstance(one, APIRoute) and one.path == route.path
        for name in one.param_convertors
    ]


@pytest.mark.parametrize(("service", "route"), ROUTES)
async def test_a_route_lets_in_nobody_without_a_token_or_a_role(
    service: Service[Any], route: RoutePermission, doors: Doors
) -> None:
    without, powerless = (
        await doors.knock(service, route, None),
        await doors.knock(service, route, doors.nobody()),
    )
    if f"{route.method} {route.path}" in EVERYBODY:
        assert without.status_code not in {401, 403} or "link" in route.path, without.text
        return
    if route.path.startswith(OF_A_STANDARD):
        assert (without.status_code, powerless.status_code) == (403, 403), without.text
        return
    if not route.permissions:
        assert without.status_code in {403, 422}, "a secret of its own, and a body"
        return
    assert without.status_code == 401, without.text
    assert without.headers["www-authenticate"].startswith("Bearer")
    assert powerless.status_code == 403, powerless.text
    assert powerless.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_a_method_that_a_path_does_not_take_is_405_with_those_that_it_takes(
    service: Service[Any],
) -> None:
    """Also where a path looks like an id of another: `GET /v1/residents/find` is no resident called "find"."""
    app = unconnected_application(service)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for path, operations in app.openapi()["paths"].items():
            address = "/".join(str(SOMETHING) if step.startswith("{") else step for step in path.split("/"))
            taken = {method.upper() for method in operations}
            for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"} - taken:
                answer = await client.request(method, address)
                allowed = set(answer.headers.get("allow", "").split(", "))
                assert (answer.status_code, allowed) == (405, taken), (method, path)
