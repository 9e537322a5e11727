"""Who is let in at a route, and what those who are not are told."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter

from shared.security import Role, UndeclaredRoute, permit, public_route
from shared.testing.clock import FrozenClock
from shared.web import Application, Call, Model, Visitor
from tests.support.web import Stage, problem

PERMISSIONS = {
    Role.RESIDENT: frozenset({"things:read"}),
    Role.WORKER: frozenset({"things:read", "things:write"}),
}
router = APIRouter()


class Who(Model):
    tenant: str
    subject: str
    permissions: list[str]


@router.get("/v1/who")
async def who(call: Annotated[Call, permit("things:read", "things:audit")]) -> Who:
    caller = call.principal
    return Who(tenant=caller.tenant, subject=caller.subject, permissions=sorted(caller.permissions))


@router.delete("/v1/things/{id}", status_code=204)
async def remove_thing(id: UUID, call: Annotated[Call, permit("things:write")]) -> None: ...


@router.get("/v1/open")
async def welcome(visitor: Annotated[Visitor, public_route()]) -> str:
    return "welcome"


@pytest.fixture
def app(stage: Stage) -> Application:
    return stage.application([router], PERMISSIONS)


async def test_a_caller_is_known_by_the_token(stage: Stage, app: Application) -> None:
    answer = await stage.client(app, Role.WORKER, subject="worker-7", tenant="yuhu").get("/v1/who")
    assert answer.json() == {
        "tenant": "yuhu",
        "subject": "worker-7",
        "permissions": ["things:read", "things:write"],
    }


async def test_roles_add_up(stage: Stage, app: Application) -> None:
    token = stage.issuer.mint("longxi", "a", [Role.RESIDENT, Role.WORKER, Role.HEAD])
    client = stage.client(app, None, Authorization=f"bearer {token}")
    assert (await client.get("/v1/who")).json()["permissions"] == ["things:read", "things:write"]


async def test_without_a_token_it_is_401_with_a_challenge(stage: Stage, app: Application) -> None:
    answer = await stage.client(app, None).get("/v1/who", headers={"Accept-Language": "en"})
    problem(answer, 401, "token-missing")
    assert answer.headers["www-authenticate"] == 'Bearer realm="longxi"'


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Bearer", "token abc"])
async def test_another_scheme_is_no_token(stage: Stage, app: Application, header: str) -> None:
    answer = await stage.client(app, None, Authorization=header).get("/v1/who")
    assert answer.status_code == 401


async def test_a_bad_token_is_401_and_the_reason_is_not_told(stage: Stage, app: Application) -> None:
    good = stage.issuer.mint("longxi", "a", [Role.WORKER])
    bad = [
        good[:-4] + "AAAA",
        stage.issuer.mint("longxi", "a", [Role.WORKER], aud="other"),
        stage.issuer.mint("longxi", "a", [Role.WORKER], iss="other"),
        "abc",
        "lxk_" + "0" * 32,
    ]
    details = set()
    for token in bad:
        answer = await stage.client(app, None, Authorization=f"Bearer {token}").get("/v1/who")
        details.add(problem(answer, 401, "token-invalid")["detail"])
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert len(details) == 1


async def test_an_expired_token_says_so(stage: Stage, app: Application) -> None:
    token = stage.issuer.mint("longxi", "a", [Role.WORKER], timedelta(minutes=1))
    client = stage.client(app, None, Authorization=f"Bearer {token}")
    assert (await client.get("/v1/who")).status_code == 200
    stage.clock.advance(timedelta(seconds=91))
    problem(await client.get("/v1/who"), 401, "token-expired")


async def test_a_remembered_token_is_not_remembered_past_its_end(
    stage: Stage, app: Application, frozen_clock: FrozenClock
) -> None:
    token = stage.issuer.mint("longxi", "a", [Role.WORKER], timedelta(hours=1))
    client = stage.client(app, None, Authorization=f"Bearer {token}")
    for _ in range(12):
        assert (await client.get("/v1/who")).status_code == 200
        frozen_clock.advance(timedelta(minutes=5))
    frozen_clock.advance(timedelta(seconds=31))
    assert (await client.get("/v1/who")).status_code == 401


async def test_another_community_is_not_entered(stage: Stage, app: Application) -> None:
    for tenant in ("atlantis", "*", "LONGXI"):
        problem(await stage.client(app, tenant=tenant).get("/v1/who"), 403, "unknown-tenant")


async def test_without_the_permission_it_is_403_that_names_it(stage: Stage, app: Application) -> None:
    path = "/v1/things/0190163d-8694-739b-aea5-966c26f8ad91"
    answer = await stage.client(app, Role.RESIDENT).delete(path)
    document = problem(answer, 403, "not-permitted")
    assert "things:write" in document["detail"]
    assert 'error="insufficient_scope", scope="things:write"' in answer.headers["www-authenticate"]
    problem(await stage.client(app, Role.HEAD).delete(path), 403, "not-permitted")
    assert (await stage.client(app, Role.WORKER).delete(path)).status_code == 204


async def test_who_may_not_learns_nothing_of_what_is_wrong_with_the_call(
    stage: Stage, app: Application
) -> None:
    problem(await stage.client(app, Role.RESIDENT).delete("/v1/things/nonsense"), 403, "not-permitted")
    problem(await stage.client(app, None).delete("/v1/things/nonsense"), 401, "token-missing")


async def test_a_public_route_is_open_to_everyone(stage: Stage, app: Application) -> None:
    for header in ({}, {"Authorization": "Bearer nonsense"}):
        answer: httpx.Response = await stage.client(app, None).get("/v1/open", headers=header)
        assert answer.status_code == 200


def test_a_route_without_a_permission_stops_the_start(stage: Stage) -> None:
    """Invariant: docs/invariants/every-route-declares-its-permission.md."""
    forgotten = APIRouter()

    @forgotten.get("/v1/forgotten")
    async def forget() -> str:
        return "oops"

    with pytest.raises(UndeclaredRoute, match="/v1/forgotten"):
        stage.application([forgotten], PERMISSIONS)


def test_a_route_that_is_both_public_and_not_stops_the_start(stage: Stage) -> None:
    torn = APIRouter(dependencies=[public_route()])

    @torn.get("/v1/torn")
    async def tear(call: Annotated[Call, permit("things:read")]) -> str:
        return "oops"

    with pytest.raises(UndeclaredRoute):
        stage.application([torn], PERMISSIONS)


def test_a_permit_names_a_permission() -> None:
    with pytest.raises(ValueError, match="public_route"):
        permit()
