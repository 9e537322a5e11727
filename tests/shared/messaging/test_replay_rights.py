"""The district may have sent again what it missed, and no more; operators and services select as they like."""

from typing import Any

import httpx
import pytest

from shared.database import Database, new_id
from shared.messaging.outbox import record
from shared.security import Role
from shared.web.operations import Messaging, router
from shared.web.resending import REPLAY, REPLAY_RESTRICTED
from tests.support.consumers import everything
from tests.support.messaging import TENANT, TOPIC, withdrawn
from tests.support.web import Stage, problem

PERMISSIONS = {
    Role.DISTRICT: frozenset({REPLAY}),
    Role.SERVICE: frozenset({REPLAY, REPLAY_RESTRICTED}),
    Role.OPERATOR: frozenset({"operations:write", REPLAY_RESTRICTED}),
    # A district with a grant of its own for sensitive facts.
    Role.JUDICIAL: frozenset({REPLAY, REPLAY_RESTRICTED}),
}
RESTRICTED = "casework.restricted"
ONE = "019a0000-0000-7000-8000-000000000001"
DAY = {"from": "2026-11-01T00:00:00+08:00", "to": "2026-11-02T00:00:00+08:00"}


class Callers:
    def __init__(self, stage: Stage, database: Database) -> None:
        messaging = Messaging("parcel", [TOPIC], None)  # type: ignore[arg-type]  # nothing here asks the log
        self._stage = stage
        self._app = stage.application([router], PERMISSIONS, database=database, provides=[messaging])

    async def ask(self, role: Role, selection: dict[str, Any]) -> httpx.Response:
        async with self._stage.client(self._app, role) as client:
            return await client.post("/v1/operations/replay", json=selection)


@pytest.fixture
async def callers(stage: Stage, database: Database) -> Callers:
    return Callers(stage, database)


@pytest.mark.parametrize(
    ("selection", "field", "why"),
    [
        ({}, "/topic", "everything is too much"),
        ({"aggregate": ONE}, "/topic", "the topic is named even where an aggregate is"),
        ({"topic": TOPIC}, "/aggregate", "a whole topic is too much"),
        ({"topic": TOPIC, "type": "request.filed"}, "/aggregate", "a type is as much as its topic"),
        ({"topic": TOPIC, "from_sequence": 1, "to_sequence": 3}, "/aggregate", "of every aggregate"),
        ({"topic": TOPIC, "from": DAY["from"]}, "/to", "without an end"),
        ({"topic": TOPIC, "to": DAY["to"]}, "/from", "without a beginning"),
        ({"topic": TOPIC, **DAY, "to": "2026-11-02T00:00:01+08:00"}, "/to", "a second more than a day"),
        (
            {"topic": TOPIC, "aggregate": ONE, "consumer": "intake"},
            "/consumer",
            "that would set a service back",
        ),
    ],
)
async def test_what_is_too_wide_for_the_district_is_refused_by_field(
    callers: Callers, database: Database, selection: dict[str, Any], field: str, why: str
) -> None:
    said = problem(await callers.ask(Role.DISTRICT, selection), 422, "replay-too-wide")
    assert [error["field"] for error in said["errors"]] == [field], why
    assert await everything(database, "outbox_replay") == []


@pytest.mark.parametrize(
    "selection",
    [
        {"topic": TOPIC, "aggregate": ONE},
        {"topic": TOPIC, "aggregate": ONE, "from_sequence": 2, "to_sequence": 3},
        {"topic": TOPIC, "aggregate": ONE, "from": DAY["from"]},
        {"topic": TOPIC, **DAY},
        {"topic": TOPIC, **DAY, "type": "request.filed"},
    ],
)
async def test_the_district_may_have_an_aggregate_or_a_day(
    callers: Callers, database: Database, selection: dict[str, Any]
) -> None:
    answer = await callers.ask(Role.DISTRICT, selection)
    assert (answer.status_code, answer.json()["events"]) == (202, 0)
    assert len(await everything(database, "outbox_replay")) == 1


async def test_the_answer_says_how_many_will_come(callers: Callers, database: Database) -> None:
    request = new_id()
    async with database.transaction(TENANT) as session:
        await record(session, *(withdrawn(request) for _ in range(4)), withdrawn())
    asked = {"topic": TOPIC, "aggregate": str(request), "from_sequence": 2, "to_sequence": 3}
    assert (await callers.ask(Role.DISTRICT, asked)).json()["events"] == 2


@pytest.mark.parametrize("selection", [{"aggregate": ONE}, DAY])
async def test_restricted_topics_need_a_grant_of_their_own(
    callers: Callers, selection: dict[str, Any]
) -> None:
    asked = {"topic": RESTRICTED, **selection}
    said = problem(await callers.ask(Role.DISTRICT, asked), 403, "restricted-topic")
    assert [error["field"] for error in said["errors"]] == ["/topic"]
    assert REPLAY_RESTRICTED in said["detail"]
    assert (await callers.ask(Role.JUDICIAL, asked)).status_code == 202


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SERVICE])
@pytest.mark.parametrize(
    "selection", [{}, {"type": "request.filed"}, {"topic": RESTRICTED}, {"consumer": "intake"}]
)
async def test_operators_and_services_select_as_they_like(
    callers: Callers, role: Role, selection: dict[str, Any]
) -> None:
    assert (await callers.ask(role, selection)).status_code == 202
