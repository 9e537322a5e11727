"""What machines ask: is it alive, is it ready, what are its numbers, what does it offer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import APIRouter
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.database import Database
from shared.refusals import Conflict, IllegalMove
from shared.security import Role, permit, public_route, route_permissions
from shared.web import (
    Application,
    Call,
    Check,
    Cursor,
    Model,
    Page,
    Text,
    Visitor,
    cursor_query,
    limit_query,
    provided,
    readiness_of,
    refuses,
)
from shared.web.health import readiness
from shared.web.openapi_shared import resolved
from shared.web.portal_keys import key_routes
from shared.web.provided import NotProvided
from tests.support.web import QuietLog, Stage

PERMISSIONS = {Role.WORKER: frozenset({"things:read", "things:write"})}


class Greeter:
    word = "你好"


class Polite(Greeter):
    pass


class Thing(Model):
    """A thing."""

    text: Annotated[str, Text(20)]
    """What it says."""


class Moved(Conflict):
    type = "moved"
    zh = "已移动"
    en = "moved"


router = APIRouter()


@router.get("/v1/things")
async def list_things(
    call: Annotated[Call, permit("things:read")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[Thing]:
    """All things."""
    return Page(items=[])


@router.get("/v1/things/{id}")
async def get_thing(id: UUID, call: Annotated[Call, permit("things:read", "things:write")]) -> Thing:
    return Thing(text="x")


@router.post("/v1/things", status_code=201)
async def write_thing(body: Thing, call: Annotated[Call, permit("things:write")]) -> Thing:
    return body


@router.post("/v1/things/{id}/move", status_code=204, responses=refuses(IllegalMove, Moved))
async def move_thing(id: UUID, call: Annotated[Call, permit("things:write")]) -> None: ...


@router.get("/v1/welcome", tags=["greetings"])
async def welcome(
    visitor: Annotated[Visitor, public_route()], greeter: Annotated[Greeter, provided(Greeter)]
) -> str:
    return greeter.word


@pytest.fixture
def app(stage: Stage) -> Application:
    return stage.application([router, key_routes()], PERMISSIONS, provides=[Polite()])


async def test_a_route_gets_what_was_provided(stage: Stage, app: Application) -> None:
    answer = await stage.client(app, None).get("/v1/welcome")
    assert answer.json() == "你好"


async def test_what_nobody_provides_stops_the_start(stage: Stage) -> None:
    with pytest.raises(NotProvided, match="Greeter"):
        stage.application([router], PERMISSIONS)


async def test_two_operations_of_one_name_stop_the_start(stage: Stage) -> None:
    with pytest.raises(ValueError, match="list_things"):
        stage.application([router, router], PERMISSIONS, provides=[Polite()])


async def test_nested_routers_and_prefixes_are_found_at_their_full_path(stage: Stage) -> None:
    inner, outer = APIRouter(prefix="/inner"), APIRouter(prefix="/v1")

    @inner.get("/things/{id}")
    async def get_inner(id: UUID, call: Annotated[Call, permit("things:read")]) -> Thing:
        return Thing(text="x")

    outer.include_router(inner, prefix="/deep")
    client = stage.client(stage.application([outer], PERMISSIONS))
    path = "/v1/deep/inner/things/0190163d-8694-739b-aea5-966c26f8ad91"
    assert (await client.get(path)).status_code == 200


async def fine() -> None:
    return None


async def away() -> None:
    raise ConnectionError


async def hanging() -> None:
    await asyncio.sleep(3600)


Probe = Callable[[], Awaitable[Any]]
READINESS: list[tuple[Probe, Probe, str, dict[str, str], str]] = [
    (fine, fine, "ready", {"database": "up", "cache": "up"}, "all there"),
    (fine, away, "degraded", {"database": "up", "cache": "down"}, "slower, not wrong"),
    (away, fine, "unready", {"database": "down", "cache": "up"}, "nothing works"),
    (away, away, "unready", {"database": "down", "cache": "down"}, "worse"),
]


@pytest.mark.parametrize(
    ("database", "cache", "status", "parts"),
    [row[:-1] for row in READINESS],
    ids=[row[-1] for row in READINESS],
)
async def test_readiness_tells_each_part(
    stage: Stage, database: Probe, cache: Probe, status: str, parts: dict[str, str]
) -> None:
    checks = {"database": Check(database), "cache": Check(cache, required=False)}
    client = stage.client(stage.application([], PERMISSIONS, checks=checks), None)
    answer = await client.get("/readyz")
    assert answer.status_code == (503 if status == "unready" else 200)
    assert answer.json() == {"status": status, "parts": parts}
    assert (await client.get("/healthz")).json() == {"status": "alive"}


async def test_a_part_that_hangs_is_down(stage: Stage) -> None:
    async with asyncio.timeout(5):
        assert await readiness({"log": Check(hanging, required=False)}) == ("degraded", {"log": "down"})


async def test_the_usual_parts_are_database_log_and_cache(stage: Stage, database: Database) -> None:
    class Gone:
        ping = staticmethod(away)

    assert await readiness(readiness_of(database, QuietLog(), Gone())) == (
        "degraded",
        {"database": "up", "log": "up", "cache": "down"},
    )


async def test_health_answers_to_head(stage: Stage, app: Application) -> None:
    assert (await stage.client(app, None).head("/healthz")).status_code == 200


async def test_metrics_are_in_prometheus_form(stage: Stage, app: Application) -> None:
    answer = await stage.client(app, None).get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "longxi_http_request_seconds" in answer.text


async def test_metrics_say_which_parts_answer_at_this_moment(stage: Stage) -> None:
    checks = {"database": Check(fine), "cache": Check(away, required=False)}
    client = stage.client(stage.application([], PERMISSIONS, checks=checks), None)
    text = (await client.get("/metrics")).text
    assert 'longxi_part_up{part="database"} 1.0' in text
    assert 'longxi_part_up{part="cache"} 0.0' in text


def test_the_document_is_valid_openapi(app: Application) -> None:
    document = app.openapi()
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def operation(app: Application, method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = app.openapi()["paths"][path][method]
    responses = {status: resolved(app.openapi(), answer) for status, answer in found["responses"].items()}
    return {**found, "responses": responses}


def test_every_operation_has_an_id_a_tag_and_its_permissions(app: Application) -> None:
    ids = []
    for operations in app.openapi()["paths"].values():
        for entry in operations.values():
            ids.append(entry["operationId"])
            assert entry["tags"]
            assert "x-permissions" in entry
    assert len(ids) == len(set(ids))
    assert operation(app, "get", "/v1/things")["operationId"] == "list_things"
    assert operation(app, "get", "/v1/things")["tags"] == ["things"]
    assert operation(app, "get", "/v1/welcome")["tags"] == ["greetings"]
    assert operation(app, "get", "/v1/things/{id}")["x-permissions"] == ["things:read", "things:write"]
    assert operation(app, "get", "/v1/welcome")["security"] == []


DOCUMENTED = [
    ("get", "/v1/things", {"200", "400", "401", "403", "422", "429", "500", "503"}),
    ("get", "/v1/things/{id}", {"200", "304", "400", "401", "403", "404", "422", "429", "500", "503"}),
    (
        "post",
        "/v1/things",
        {"201", "400", "401", "403", "408", "409", "413", "415", "422", "429", "500", "503"},
    ),
    (
        "post",
        "/v1/things/{id}/move",
        {"204", "400", "401", "403", "404", "409", "412", "422", "428", "429", "500", "503"},
    ),
    ("get", "/v1/welcome", {"200", "400", "500", "503"}),
]


@pytest.mark.parametrize(("method", "path", "statuses"), DOCUMENTED)
def test_every_problem_is_documented(app: Application, method: str, path: str, statuses: set[str]) -> None:
    responses = operation(app, method, path)["responses"]
    assert set(responses) == statuses
    for status, response in responses.items():
        if status[0] in "45":
            content = response["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert content["examples"]


def test_a_routes_own_refusals_stand_beside_the_general_ones(app: Application) -> None:
    response = operation(app, "post", "/v1/things/{id}/move")["responses"]["409"]
    examples = response["content"]["application/problem+json"]["examples"]
    assert set(examples) == {"illegal-move", "moved", "still-processing"}


def test_headers_are_documented(app: Application) -> None:
    def names(method: str, path: str) -> set[str]:
        parameters = operation(app, method, path)["parameters"]
        return {entry["$ref"].rsplit("/", 1)[-1] for entry in parameters if "$ref" in entry}

    assert names("post", "/v1/things") == {"AcceptLanguage", "CorrelationId", "IdempotencyKey"}
    assert "IfMatch" in names("post", "/v1/things/{id}/move")
    assert "IfNoneMatch" in names("get", "/v1/things/{id}")


def test_nothing_of_the_framework_is_left_in_the_document(app: Application) -> None:
    text = str(app.openapi())
    assert "HTTPValidationError" not in text


def test_every_route_is_listed_with_its_permissions(app: Application) -> None:
    """Invariant: docs/invariants/every-route-declares-its-permission.md."""
    listed = {(entry.method, entry.path): entry.permissions for entry in route_permissions(app.routes)}
    assert listed[("POST", "/v1/things/{id}/move")] == ("things:write",)
    assert listed[("GET", "/v1/welcome")] == ()
    assert listed[("DELETE", "/v1/api-keys/{id}")] == ("keys:write",)
    assert len(listed) == 8


async def test_the_documentation_is_one_page_without_scripts(stage: Stage, app: Application) -> None:
    client = stage.client(app, None)
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "http://" not in page.text.replace("http://test", "")
    for word in ("/v1/things/{id}/move", "illegal-move", "things:write", "What it says."):
        assert word in page.text
    document = await client.get("/openapi.json")
    assert document.json()["info"]["title"] == "Longxi test"
