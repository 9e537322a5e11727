"""Paths that speak a standard of others: its errors, its place for the key, and bodies larger than the rest."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Request
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response

from shared.refusals import Conflict, Refusal
from shared.security import Role, permit, public_route
from shared.web import Application, Call, Model, Visitor
from shared.web.body import MAX_BODY_BYTES, WideBody, wide_body
from shared.web.dialects import Dialect
from tests.support.web import Stage, problem

PERMISSIONS = {Role.WORKER: frozenset({"things:write"})}
router = APIRouter()


class Taken(Conflict):
    type = "taken"
    zh = "已被占用。"
    en = "It is taken."


class Size(Model):
    size: int


async def key_in_query(request: Request) -> str | None:
    return request.query_params.get("key")


@router.get("/strange/things")
async def strange_things(visitor: Annotated[Visitor, public_route()]) -> Size:
    raise Taken


@router.get("/strange/fault")
async def strange_fault(visitor: Annotated[Visitor, public_route()]) -> Size:
    raise RuntimeError("a fault of ours")


@router.post("/strange/keyed")
async def strange_keyed(call: Annotated[Call, permit("things:write", credential=key_in_query)]) -> Size:
    return Size(size=len(call.principal.subject))


@router.get("/v1/things")
async def list_things(visitor: Annotated[Visitor, public_route()]) -> Size:
    raise Taken


@router.post(
    "/v1/things/{id}/picture", openapi_extra=wide_body(WideBody(bytes=3 * MAX_BODY_BYTES, seconds=60))
)
async def put_picture(id: str, request: Request, call: Annotated[Call, permit("things:write")]) -> Size:
    return Size(size=len(await request.body()))


def in_two_words(connection: HTTPConnection, refusal: Refusal, document: object, headers: object) -> Response:
    return PlainTextResponse(f"no: {refusal.type}", 418)


@pytest.fixture
def app(stage: Stage) -> Application:
    return stage.application([router], PERMISSIONS, provides=[Dialect("/strange/", in_two_words)])


@pytest.mark.parametrize(
    ("method", "path", "type"),
    [
        ("GET", "/strange/things", "taken"),
        ("GET", "/strange/nowhere", "path-not-found"),
        ("DELETE", "/strange/things", "method-not-allowed"),
        ("GET", "/strange/fault", "internal-error"),
        ("POST", "/strange/keyed", "token-missing"),
        ("GET", "/strange/things?a=%00", "invalid-address"),
    ],
)
async def test_whoever_refuses_under_the_prefix_speaks_the_dialect(
    stage: Stage, app: Application, method: str, path: str, type: str
) -> None:
    client = stage.client(app, None)
    answer = await client.request(method, path)
    assert (answer.status_code, answer.text) == (418, f"no: {type}")


async def test_all_other_paths_say_problems(stage: Stage, app: Application) -> None:
    client = stage.client(app, None)
    problem(await client.get("/v1/things"), 409, "taken")


async def test_a_key_counts_where_the_standard_has_it(stage: Stage, app: Application) -> None:
    token = stage.issuer.mint("longxi", "worker-1", [Role.WORKER])
    client = stage.client(app, None)
    assert (await client.post(f"/strange/keyed?key={token}")).json() == {"size": len("worker-1")}
    assert (await client.post("/strange/keyed?key=wrong")).text == "no: token-invalid"
    by_header = stage.client(app)
    assert (await by_header.post("/strange/keyed")).status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
async def test_one_route_takes_more_and_no_other_does(stage: Stage, app: Application, chunked: bool) -> None:
    client = stage.client(app)

    async def send(path: str, size: int) -> httpx.Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield bytes(size)

        return await client.post(path, content=pieces() if chunked else bytes(size))

    large = 2 * MAX_BODY_BYTES
    assert (await send("/v1/things/1/picture", large)).json() == {"size": large}
    problem(await send("/v1/things/1/picture", 2 * large), 413, "body-too-large")
    if not chunked:
        assert (await send("/strange/keyed", large)).text == "no: body-too-large"
