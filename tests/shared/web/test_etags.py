"""Two people who edit the same thing notice each other."""

from typing import Annotated
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import APIRouter

from shared.security import Role, permit
from shared.web import Call, Model
from tests.support.web import Stage, problem

PERMISSIONS = {Role.WORKER: frozenset({"things:write"})}
router = APIRouter()
VERSION = 3


class Thing(Model):
    version: int


@router.get("/v1/things/{id}")
async def get_thing(id: UUID, call: Annotated[Call, permit("things:write")]) -> Thing:
    call.etag(VERSION)
    return Thing(version=VERSION)


@router.put("/v1/things/{id}")
async def put_thing(id: UUID, body: Thing, call: Annotated[Call, permit("things:write")]) -> Thing:
    call.require_match(VERSION)
    return body


@pytest.fixture
def client(stage: Stage) -> httpx.AsyncClient:
    return stage.client(stage.application([router], PERMISSIONS))


async def test_a_thing_shows_its_version(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/v1/things/{uuid4()}")
    assert answer.headers["etag"] == '"3"'
    assert "no-store" not in answer.headers.get("cache-control", "")


MATCHES = ['"3"', 'W/"3"', '"2", "3"', "*"]
OTHERS = ['"2"', '"33"', "3", '"', ""]


@pytest.mark.parametrize("known", MATCHES)
async def test_what_is_known_already_is_not_sent_again(client: httpx.AsyncClient, known: str) -> None:
    answer = await client.get(f"/v1/things/{uuid4()}", headers={"If-None-Match": known})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", '"3"')


@pytest.mark.parametrize("known", OTHERS)
async def test_what_has_changed_is_sent(client: httpx.AsyncClient, known: str) -> None:
    answer = await client.get(f"/v1/things/{uuid4()}", headers={"If-None-Match": known})
    assert answer.status_code == 200


@pytest.mark.parametrize("seen", MATCHES)
async def test_a_change_of_what_was_seen_is_made(client: httpx.AsyncClient, seen: str) -> None:
    answer = await client.put(f"/v1/things/{uuid4()}", json={"version": 4}, headers={"If-Match": seen})
    assert answer.status_code == 200


@pytest.mark.parametrize("seen", OTHERS)
async def test_a_change_of_another_version_is_refused(client: httpx.AsyncClient, seen: str) -> None:
    answer = await client.put(f"/v1/things/{uuid4()}", json={"version": 4}, headers={"If-Match": seen})
    problem(answer, 412, "precondition-failed")


async def test_a_change_without_if_match_is_refused(client: httpx.AsyncClient) -> None:
    document = problem(
        await client.put(f"/v1/things/{uuid4()}", json={"version": 4}), 428, "precondition-required"
    )
    assert document["errors"][0]["field"] == "/If-Match"
