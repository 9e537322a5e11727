"""Operators see how messages stand, and can retry, drop and replay, each with its permission."""

from collections.abc import AsyncIterator, Mapping, Sequence

import asyncpg
import httpx
import pytest

from shared.database import Database, new_id
from shared.messaging.log import LogUnavailable
from shared.messaging.outbox import record
from shared.messaging.records import TopicPartition
from shared.security import Role
from shared.web.operations import Messaging, router
from tests.support.consumers import Bench, bench, everything
from tests.support.messaging import TENANT, TOPIC, envelope, records, withdrawn
from tests.support.web import Stage

PERMISSIONS = {
    Role.OPERATOR: frozenset({"operations:read", "operations:write"}),
    Role.HEAD: frozenset({"operations:read"}),
}


class LagOnly:
    """A log that knows how far the group is behind, or is away."""

    def __init__(self) -> None:
        self.away = False

    async def lag(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        assert group == "parcel"
        if self.away:
            raise LogUnavailable("away")
        return {TopicPartition(TOPIC, 0): 3, TopicPartition(TOPIC, 1): 4}


@pytest.fixture
async def consumer(database: Database) -> Bench:
    return await bench(database)


@pytest.fixture
def log() -> LagOnly:
    return LagOnly()


@pytest.fixture
async def operator(stage: Stage, database: Database, log: LagOnly) -> AsyncIterator[httpx.AsyncClient]:
    messaging = Messaging("parcel", [TOPIC], log)  # type: ignore[arg-type]
    app = stage.application([router], PERMISSIONS, database=database, provides=[messaging])
    async with stage.client(app, Role.OPERATOR) as client:
        yield client


async def test_the_status_shows_what_is_unsent_behind_held_and_dead(
    operator: httpx.AsyncClient, consumer: Bench, log: LagOnly
) -> None:
    one, two = new_id(), new_id()
    async with consumer.database.transaction(TENANT) as session:
        await record(session, withdrawn(), withdrawn())
    consumer.trouble.errors[two, 1] = ValueError("cannot")
    await consumer.take(records(envelope(one, 1, data=b"{}"), envelope(one, 2), envelope(two, 1)))
    status = (await operator.get("/v1/operations/status")).json()
    assert status["unsent"] == 2
    assert status["oldest_unsent_seconds"] >= 0
    assert status["lag"] == {TOPIC: 7}
    assert status["held"] == {"retrying": 1, "dead": 1, "waiting": 1}
    assert status["dead"] == {"invalid": 1}
    assert status["blocked_streams"] == 2
    log.away = True
    assert (await operator.get("/v1/operations/status")).json()["lag"] is None


async def test_what_stands_in_gaps_is_unsent_too(operator: httpx.AsyncClient, database: Database) -> None:
    async with database.transaction(TENANT) as session:
        await record(session, *(withdrawn() for _ in range(10)))
    first = min(row["position"] for row in await everything(database, "outbox"))
    for gaps, last, left in ((), 9, 0), ((), 6, 3), (((1, 2), (4, 6)), 6, 6), (((0, 1),), 9, 1):
        spans = [asyncpg.Range(first + low, first + high) for low, high in gaps]
        async with database.everywhere() as session:
            progress = "UPDATE outbox_progress SET position = $1, gaps = $2"
            await (await session.connection()).exec_driver_sql(progress, (first + last, spans))
        status = (await operator.get("/v1/operations/status")).json()
        assert status["unsent"] == left
        assert (status["oldest_unsent_seconds"] is None) == (left == 0)


async def test_dead_letters_are_listed_shown_and_dropped(
    operator: httpx.AsyncClient, consumer: Bench
) -> None:
    one = new_id()
    await consumer.take(records(envelope(one, 1, data=b"{}"), envelope(one, 2)))
    await consumer.take(records(envelope(new_id(), 1, data=b"{}")))
    first = (await operator.get("/v1/operations/dead-letters", params={"limit": 1})).json()
    (line,) = first["items"]
    assert (line["reason"], line["aggregate"], line["waiting"]) == ("invalid", str(one), 1)
    rest = (await operator.get("/v1/operations/dead-letters", params={"cursor": first["next"]})).json()
    assert len(rest["items"]) == 1
    shown = (await operator.get(f"/v1/operations/dead-letters/{line['id']}")).json()
    assert shown["value"] == "{}"
    dropped = await operator.post(f"/v1/operations/dead-letters/{line['id']}/drop")
    assert dropped.status_code == 200
    await consumer.pass_time(1)
    assert await consumer.effects() == {one: [2]}
    gone = await operator.post(f"/v1/operations/dead-letters/{line['id']}/drop")
    assert gone.status_code == 404
    assert gone.json()["type"].endswith("dead-letter-not-found")


async def test_a_dead_letter_is_retried(operator: httpx.AsyncClient, consumer: Bench) -> None:
    one = new_id()
    consumer.trouble.errors[one, 1] = ValueError("for now")
    await consumer.take(records(envelope(one, 1)))
    await consumer.pass_time(60)
    (line,) = (await operator.get("/v1/operations/dead-letters")).json()["items"]
    consumer.trouble.errors.clear()
    answer = await operator.post(f"/v1/operations/dead-letters/{line['id']}/retry")
    assert answer.json() == {"id": line["id"]}
    await consumer.pass_time(1)
    assert await consumer.effects() == {one: [1]}


async def test_a_replay_is_requested(operator: httpx.AsyncClient, database: Database) -> None:
    request = new_id()
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn(request), withdrawn(request), withdrawn())
    answer = await operator.post(
        "/v1/operations/replay",
        json={"topic": TOPIC, "aggregate": str(request), "from_sequence": 2, "to_sequence": 2},
    )
    assert answer.status_code == 202
    assert answer.json()["events"] == 1
    (row,) = await everything(database, "outbox_replay")
    assert str(row["id"]) == answer.json()["replay"]
    assert (row["topic"], row["aggregate"], row["from_sequence"]) == (TOPIC, request, 2)
    times = {"from": "2026-11-01T00:00:00+08:00", "to": "2026-11-02T00:00:00+08:00", "consumer": "parcel"}
    assert (await operator.post("/v1/operations/replay", json=times)).json()["events"] == 0


async def test_reading_does_not_permit_changing(stage: Stage, database: Database, log: LagOnly) -> None:
    messaging = Messaging("parcel", [TOPIC], log)  # type: ignore[arg-type]
    app = stage.application([router], PERMISSIONS, database=database, provides=[messaging])
    async with stage.client(app, Role.HEAD) as head, stage.client(app, Role.WORKER) as worker:
        assert (await head.get("/v1/operations/dead-letters")).status_code == 200
        assert (await head.post("/v1/operations/replay", json={})).status_code == 403
        assert (await worker.get("/v1/operations/status")).status_code == 403
