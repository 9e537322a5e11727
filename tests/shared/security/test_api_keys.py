"""API keys of portals: shown once, stored as a hash, limited, revocable."""

import hashlib
from datetime import timedelta
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter
from sqlalchemy import select

from shared.database import Database
from shared.security import Role, permit
from shared.security.tables import API_KEY
from shared.testing.clock import FrozenClock
from shared.web import Application, Call, Model
from shared.web.portal_keys import key_routes
from tests.support.web import Stage, problem

PERMISSIONS = {
    Role.PORTAL: frozenset({"things:read", "things:write"}),
    Role.HEAD: frozenset({"keys:write", "things:read", "people:read"}),
    Role.WORKER: frozenset({"things:read"}),
}
router = APIRouter()


class Who(Model):
    tenant: str
    subject: str
    permissions: list[str]


@router.get("/v1/who")
async def who(call: Annotated[Call, permit("things:read")]) -> Who:
    caller = call.principal
    return Who(tenant=caller.tenant, subject=caller.subject, permissions=sorted(caller.permissions))


@router.get("/v1/written")
async def written(call: Annotated[Call, permit("things:write")]) -> Who:
    raise AssertionError("no key of these tests may write")


@pytest.fixture
def app(stage: Stage, database: Database) -> Application:
    return stage.application([router, key_routes()], PERMISSIONS, database=database)


@pytest.fixture
def head(stage: Stage, app: Application) -> httpx.AsyncClient:
    return stage.client(app, Role.HEAD, subject="head-1")


async def create(head: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    body = {"label": "12345 热线", "permissions": ["things:read"], **fields}
    answer = await head.post("/v1/api-keys", json=body)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def portal(stage: Stage, app: Application, key: str) -> httpx.AsyncClient:
    return stage.client(app, None, Authorization=f"Bearer {key}")


async def test_a_key_opens_what_it_was_made_for(
    stage: Stage, app: Application, head: httpx.AsyncClient
) -> None:
    created = await create(head)
    id = created["line"]["id"]
    client = portal(stage, app, created["key"])
    assert (await client.get("/v1/who")).json() == {
        "tenant": "longxi",
        "subject": f"key:{id}",
        "permissions": ["things:read"],
    }
    problem(await client.get("/v1/written"), 403, "not-permitted")


async def test_the_secret_is_shown_once_and_stored_as_a_hash(
    head: httpx.AsyncClient, database: Database
) -> None:
    key = (await create(head))["key"]
    prefix, id, secret = key.split("_", 2)
    assert (prefix, len(id), len(secret)) == ("lxk", 32, 43)
    listed = (await head.get("/v1/api-keys")).text
    assert secret not in listed
    async with database.transaction("longxi") as session:
        row = (await session.execute(select(API_KEY))).one()
    assert row.secret_hash == hashlib.sha256(secret.encode()).digest()
    assert secret not in str(row)


async def test_a_wrong_secret_opens_nothing(stage: Stage, app: Application, head: httpx.AsyncClient) -> None:
    first, second = (await create(head))["key"], (await create(head))["key"]
    mixed = "_".join([*first.split("_", 2)[:2], second.split("_", 2)[2]])
    for key in (
        mixed,
        first[:-1],
        first + "x",
        first.upper(),
        "lxk_",
        "lxk__",
        f"lxk_{'g' * 32}_x",
        "lxk_" + "0" * 32,
    ):
        problem(await portal(stage, app, key).get("/v1/who"), 401, "token-invalid")


async def test_a_revoked_key_is_dead_at_once_here_and_in_five_seconds_elsewhere(
    stage: Stage, database: Database, app: Application, head: httpx.AsyncClient, frozen_clock: FrozenClock
) -> None:
    elsewhere = stage.application([router, key_routes()], PERMISSIONS, database=database)
    created = await create(head)
    here, there = [portal(stage, each, created["key"]) for each in (app, elsewhere)]
    assert [(await client.get("/v1/who")).status_code for client in (here, there)] == [200, 200]
    revoked = await head.delete(f"/v1/api-keys/{created['line']['id']}")
    assert revoked.json()["revoked_at"] is not None
    problem(await here.get("/v1/who"), 401, "token-invalid")
    assert (await there.get("/v1/who")).status_code == 200
    frozen_clock.advance(timedelta(seconds=5))
    problem(await there.get("/v1/who"), 401, "token-invalid")
    again = await head.delete(f"/v1/api-keys/{created['line']['id']}")
    assert again.json()["revoked_at"] == revoked.json()["revoked_at"]


async def test_a_key_expires(
    stage: Stage, app: Application, head: httpx.AsyncClient, frozen_clock: FrozenClock
) -> None:
    until = frozen_clock() + timedelta(seconds=3)
    client = portal(stage, app, (await create(head, expires_at=until.isoformat()))["key"])
    assert (await client.get("/v1/who")).status_code == 200
    frozen_clock.advance(timedelta(seconds=3))
    problem(await client.get("/v1/who"), 401, "token-expired")


async def test_a_key_may_have_its_own_rate_limit(
    stage: Stage, app: Application, head: httpx.AsyncClient
) -> None:
    client = portal(stage, app, (await create(head, per_minute=2))["key"])
    answers = [await client.get("/v1/who") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"minute";q=2;w=60'


async def test_a_key_holds_no_more_than_a_portal_may(head: httpx.AsyncClient) -> None:
    body = {"label": "x", "permissions": ["things:read", "people:read"]}
    document = problem(await head.post("/v1/api-keys", json=body), 422, "permission-not-grantable")
    assert document["errors"][0]["field"] == "/permissions"
    assert "people:read" not in document["detail"]


async def test_a_key_loses_what_its_role_loses(
    stage: Stage, database: Database, app: Application, head: httpx.AsyncClient
) -> None:
    key = (await create(head))["key"]
    stricter = PERMISSIONS | {Role.PORTAL: frozenset({"things:write"})}
    later = stage.application([router], stricter, database=database)
    problem(await portal(stage, later, key).get("/v1/who"), 403, "not-permitted")


async def test_communities_do_not_see_each_others_keys(
    stage: Stage, app: Application, head: httpx.AsyncClient
) -> None:
    created = await create(head)
    other = stage.client(app, Role.HEAD, subject="head-2", tenant="yuhu")
    assert (await other.get("/v1/api-keys")).json()["items"] == []
    problem(await other.delete(f"/v1/api-keys/{created['line']['id']}"), 404, "key-not-found")
    assert (await portal(stage, app, created["key"]).get("/v1/who")).status_code == 200


async def test_managing_keys_needs_its_permission(
    stage: Stage, app: Application, head: httpx.AsyncClient
) -> None:
    created = await create(head)
    for client in (stage.client(app, Role.WORKER), portal(stage, app, created["key"])):
        problem(await client.get("/v1/api-keys"), 403, "not-permitted")
        body = {"label": "x", "permissions": ["things:read"]}
        problem(await client.post("/v1/api-keys", json=body), 403, "not-permitted")
        problem(await client.delete(f"/v1/api-keys/{created['line']['id']}"), 403, "not-permitted")


async def test_keys_are_listed_in_pages_with_their_last_use(
    stage: Stage, app: Application, head: httpx.AsyncClient, frozen_clock: FrozenClock
) -> None:
    made = [await create(head, label=f"门户 {number}") for number in range(5)]
    await portal(stage, app, made[0]["key"]).get("/v1/who")
    first = (await head.get("/v1/api-keys", params={"limit": 3})).json()
    second = (await head.get("/v1/api-keys", params={"limit": 3, "cursor": first["next"]})).json()
    lines = first["items"] + second["items"]
    assert [line["label"] for line in lines] == [f"门户 {number}" for number in range(5)]
    assert second["next"] is None
    assert [line["last_used_at"] is not None for line in lines] == [True, False, False, False, False]
    assert lines[0]["created_by"] == "head-1"


BAD = [
    ({"label": ""}, "/label", "empty"),
    ({"label": "a\u0000b"}, "/label", "NUL"),
    ({"permissions": []}, "/permissions", "nothing to do"),
    ({"permissions": ["x"] * 51}, "/permissions", "too many"),
    ({"per_minute": 0}, "/per_minute", "never"),
    ({"per_minute": True}, "/per_minute", "no number"),
    ({"expires_at": "2026-11-18T09:59:59+08:00"}, "/expires_at", "past"),
    ({"expires_at": "soon"}, "/expires_at", "no time"),
]


@pytest.mark.parametrize(("fields", "field", "why"), BAD, ids=[why for *_, why in BAD])
async def test_a_key_that_cannot_be_is_refused(
    head: httpx.AsyncClient, fields: dict[str, Any], field: str, why: str
) -> None:
    body = {"label": "x", "permissions": ["things:read"], **fields}
    answer = await head.post("/v1/api-keys", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
