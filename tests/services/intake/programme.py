"""Activities for tests: proposed, scheduled, opened, through the API."""

from datetime import timedelta
from typing import Any

import httpx

from shared.security import Role
from tests.services.intake.conftest import Intake

WORDS = {"title": "剪纸课", "description": "一起剪窗花，材料社区准备。"}


def head(intake: Intake, **headers: str) -> httpx.AsyncClient:
    return intake.as_(Role.HEAD, "head-1", **headers)


def as_resident(intake: Intake, resident: str, **headers: str) -> httpx.AsyncClient:
    return intake.as_(Role.RESIDENT, resident, **headers)


async def proposed(intake: Intake, **fields: Any) -> str:
    """The community's own, which needs no check."""
    answer = await head(intake).post("/v1/activities", json={"kind": "handicraft", **WORDS, **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def plan(
    intake: Intake, *, days: float = 7, hours: float = 2, places: int = 3, **fields: Any
) -> dict[str, Any]:
    starts = intake.clock() + timedelta(days=days)
    return {
        "starts": starts.isoformat(),
        "ends": (starts + timedelta(hours=hours)).isoformat(),
        "lanes": [{"lane": "participant", "places": places}],
        **fields,
    }


async def scheduled(intake: Intake, **fields: Any) -> str:
    id = await proposed(intake)
    answer = await head(intake).post(f"/v1/activities/{id}/schedule", json=plan(intake, **fields))
    assert answer.status_code == 200, answer.text
    return id


async def opened(intake: Intake, **fields: Any) -> str:
    id = await scheduled(intake, **fields)
    answer = await head(intake).post(f"/v1/activities/{id}/open", json={})
    assert (answer.status_code, answer.json()["state"]) == (200, "open"), answer.text
    return id


async def joined(intake: Intake, activity: str, sender: str, **fields: Any) -> dict[str, Any]:
    answer = await as_resident(intake, sender).post(f"/v1/activities/{activity}/sign-ups", json=fields)
    assert answer.status_code == 201, answer.text
    signed_up: dict[str, Any] = answer.json()
    return signed_up


async def left(intake: Intake, activity: str, resident: str) -> dict[str, Any]:
    answer = await as_resident(intake, resident).delete(f"/v1/activities/{activity}/sign-ups/{resident}")
    assert answer.status_code == 200, answer.text
    gone: dict[str, Any] = answer.json()
    return gone


async def roster(intake: Intake, activity: str) -> list[dict[str, Any]]:
    """All sign-ups in their order."""
    lines: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 200}
    while True:
        answer = await intake.as_().get(f"/v1/activities/{activity}/sign-ups", params=query)
        assert answer.status_code == 200, answer.text
        lines += answer.json()["items"]
        if answer.json()["next"] is None:
            return lines
        query["cursor"] = answer.json()["next"]


async def seen(intake: Intake, activity: str, resident: str | None = None) -> dict[str, Any]:
    client = head(intake) if resident is None else as_resident(intake, resident)
    answer = await client.get(f"/v1/activities/{activity}")
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()
    return record


async def code(intake: Intake, activity: str, direction: str = "in") -> str:
    answer = await intake.as_().get(f"/v1/activities/{activity}/code", params={"direction": direction})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["payload"])


async def scan(
    intake: Intake, activity: str, sender: str, payload: str, direction: str = "in", **fields: Any
) -> httpx.Response:
    body = {"code": payload, "direction": direction, **fields}
    return await as_resident(intake, sender).post(f"/v1/activities/{activity}/attendance", json=body)
