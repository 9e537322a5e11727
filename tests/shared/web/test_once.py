"""Invariant: docs/invariants/same-key-same-answer.md."""

import asyncio
from datetime import timedelta
from typing import Annotated
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import APIRouter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Database, new_id
from shared.refusals import Conflict
from shared.security import Role, permit
from shared.testing.clock import FrozenClock
from shared.web import Call, Model, Text, refuses, trim_idempotency_keys
from tests.support.web import Stage, problem

PERMISSIONS = {Role.WORKER: frozenset({"things:write"}), Role.HEAD: frozenset({"things:write"})}


class Write(Model):
    word: Annotated[str, Text(50)]
    pause: float = 0.0


class Written(Model):
    id: UUID
    word: str


async def insert(session: AsyncSession, call: Call, body: Write) -> Written:
    id = new_id()
    await session.execute(
        text("INSERT INTO thing (id, tenant, word) VALUES (:id, :tenant, :word)"),
        {"id": id, "tenant": call.tenant, "word": body.word},
    )
    await asyncio.sleep(body.pause)
    if body.word == "refuse":
        raise Conflict
    if body.word == "break":
        raise RuntimeError("broken")
    return Written(id=id, word=body.word)


router = APIRouter()


@router.post("/v1/things", status_code=201, responses=refuses(Conflict))
async def write_thing(body: Write, call: Annotated[Call, permit("things:write")]) -> Written:
    return await call.once(lambda session: insert(session, call, body))


@router.post("/v1/others", status_code=201)
async def write_other(body: Write, call: Annotated[Call, permit("things:write")]) -> Written:
    return await call.once(lambda session: insert(session, call, body))


@router.post("/v1/fast", status_code=201)
async def write_fast(body: Write, call: Annotated[Call, permit("things:write")]) -> Written:
    """The whole change in one statement, as the docstring of shared.web.idempotency shows it."""
    await call.recall()
    claim = await call.claim()
    written = Written(id=new_id(), word=body.word)
    answer = written.model_dump_json()
    rows = await call.database.statement(
        """
        WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', $1, true)),
        claimed AS (
            INSERT INTO idempotency_key (tenant, principal, key, fingerprint, created_at, status, answer)
            SELECT $1, $2, $3::text, $4, $5, 201, $8 FROM scope WHERE $3::text IS NOT NULL
            ON CONFLICT DO NOTHING RETURNING 1
        ),
        allowed AS (SELECT FROM scope WHERE $3::text IS NULL OR EXISTS (SELECT FROM claimed))
        INSERT INTO thing (id, tenant, word) SELECT $6, $1, $7 FROM allowed RETURNING id
        """,
        call.tenant,
        claim.principal if claim else None,
        claim.key if claim else None,
        claim.fingerprint if claim else None,
        claim.at if claim else None,
        written.id,
        written.word,
        answer,
    )
    if not rows:
        await call.replay()
    await call.remember(answer.encode())
    return written


@pytest.fixture
def client(stage: Stage, database: Database) -> httpx.AsyncClient:
    return stage.client(stage.application([router], PERMISSIONS, database=database))


async def count(database: Database, tenant: str = "longxi") -> int:
    async with database.transaction(tenant) as session:
        return int((await session.execute(text("SELECT count(*) FROM thing"))).scalar_one())


def key(value: str = "key-1") -> dict[str, str]:
    return {"Idempotency-Key": value}


@pytest.mark.parametrize("path", ["/v1/things", "/v1/fast"])
async def test_a_repeated_call_is_carried_out_once_and_answered_the_same(
    client: httpx.AsyncClient, database: Database, path: str
) -> None:
    first = await client.post(path, json={"word": "一"}, headers=key())
    second = await client.post(path, json={"word": "一"}, headers=key())
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await count(database) == 1


@pytest.mark.parametrize("path", ["/v1/things", "/v1/fast"])
async def test_the_answer_is_the_same_without_the_cache(stage: Stage, database: Database, path: str) -> None:
    """Each application has a cache of its own, as two machines without Redis do."""
    here, there = [
        stage.client(stage.application([router], PERMISSIONS, database=database)) for _ in range(2)
    ]
    first = await here.post(path, json={"word": "一"}, headers=key())
    second = await there.post(path, json={"word": "一"}, headers=key())
    assert first.content == second.content
    assert second.headers["idempotency-replayed"] == "true"
    assert await count(database) == 1


@pytest.mark.parametrize("path", ["/v1/things", "/v1/fast"])
async def test_two_at_the_same_moment_are_carried_out_once(
    stage: Stage, database: Database, path: str
) -> None:
    clients = [stage.client(stage.application([router], PERMISSIONS, database=database)) for _ in range(2)]
    body = {"word": "一", "pause": 0.2}
    answers = await asyncio.gather(*(client.post(path, json=body, headers=key()) for client in clients * 2))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 3
    assert await count(database) == 1


@pytest.mark.parametrize("path", ["/v1/things", "/v1/fast"])
async def test_the_same_key_with_another_body_is_refused(client: httpx.AsyncClient, path: str) -> None:
    await client.post(path, json={"word": "一"}, headers=key())
    problem(await client.post(path, json={"word": "二"}, headers=key()), 422, "idempotency-key-reused")


async def test_the_same_key_at_another_address_is_refused(client: httpx.AsyncClient) -> None:
    await client.post("/v1/things", json={"word": "一"}, headers=key())
    problem(
        await client.post("/v1/others", json={"word": "一"}, headers=key()), 422, "idempotency-key-reused"
    )
    answer = await client.post("/v1/things?x=1", json={"word": "一"}, headers=key())
    problem(answer, 422, "idempotency-key-reused")


async def test_keys_of_two_people_and_two_communities_have_nothing_to_do_with_each_other(
    stage: Stage, database: Database
) -> None:
    app = stage.application([router], PERMISSIONS, database=database)
    callers = [
        stage.client(app, subject="worker-1"),
        stage.client(app, subject="worker-2"),
        stage.client(app, subject="worker-1", tenant="yuhu"),
    ]
    answers = [await caller.post("/v1/things", json={"word": "一"}, headers=key()) for caller in callers]
    assert len({answer.json()["id"] for answer in answers}) == 3
    assert (await count(database), await count(database, "yuhu")) == (2, 1)


async def test_without_a_key_each_call_counts(client: httpx.AsyncClient, database: Database) -> None:
    for path in ("/v1/things", "/v1/fast"):
        for _ in range(2):
            assert (await client.post(path, json={"word": "一"})).status_code == 201
    assert await count(database) == 4


@pytest.mark.parametrize(("word", "status"), [("refuse", 409), ("break", 500)])
async def test_what_was_not_carried_out_may_be_tried_again_with_the_key(
    client: httpx.AsyncClient, database: Database, word: str, status: int
) -> None:
    for _ in range(2):
        answer = await client.post("/v1/things", json={"word": word}, headers=key())
        assert answer.status_code == status
        assert "idempotency-replayed" not in answer.headers
    assert await count(database) == 0
    assert (await client.post("/v1/things", json={"word": "一"}, headers=key())).status_code == 201


async def test_when_the_first_fails_the_one_that_waited_is_carried_out(
    stage: Stage, database: Database
) -> None:
    client = stage.client(stage.application([router], PERMISSIONS, database=database))
    failing = asyncio.create_task(
        client.post("/v1/things", json={"word": "refuse", "pause": 0.3}, headers=key())
    )
    await asyncio.sleep(0.1)
    good = await client.post("/v1/things", json={"word": "一"}, headers=key())
    assert good.status_code == 201
    assert (await failing).status_code == 409
    assert await count(database) == 1


@pytest.mark.parametrize("bad", ["", " \t", "x" * 256, "ключ".encode(), "a\x7fb", '""'])
async def test_a_key_is_1_to_255_printable_characters(client: httpx.AsyncClient, bad: str | bytes) -> None:
    headers = [(b"Idempotency-Key", bad if isinstance(bad, bytes) else bad.encode())]
    answer = await client.post("/v1/things", json={"word": "一"}, headers=headers)
    document = problem(answer, 400, "invalid-header")
    assert document["errors"][0]["field"] == "/Idempotency-Key"


async def test_the_longest_key_and_a_quoted_one_are_taken(
    client: httpx.AsyncClient, database: Database
) -> None:
    for value in ("x" * 255, str(uuid4())):
        answers = [
            await client.post("/v1/things", json={"word": "一"}, headers=key(form))
            for form in (value, f'"{value}"' if len(value) < 254 else value)
        ]
        assert answers[0].content == answers[1].content
    assert await count(database) == 2


async def test_keys_are_kept_for_seven_days(
    client: httpx.AsyncClient, database: Database, frozen_clock: FrozenClock
) -> None:
    await client.post("/v1/things", json={"word": "一"}, headers=key("old"))
    frozen_clock.advance(timedelta(days=7))
    assert await trim_idempotency_keys(database, frozen_clock) == 0
    frozen_clock.advance(timedelta(seconds=1))
    async with database.transaction("longxi") as session:
        await session.execute(
            text(
                "INSERT INTO idempotency_key (principal, key, fingerprint, created_at) "
                "VALUES ('p', 'new', '', :now)"
            ),
            {"now": frozen_clock()},
        )
    assert await trim_idempotency_keys(database, frozen_clock) == 1
    assert await trim_idempotency_keys(database, frozen_clock) == 0
