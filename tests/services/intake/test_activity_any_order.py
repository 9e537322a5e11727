"""Any order of calls on a real database comes out as a plain list says: the first so many are in, the others wait."""

import random
from typing import Any

import pytest

from tests.services.intake.conftest import Intake
from tests.services.intake.programme import as_resident, head, opened, roster, seen

CALLS = 60


@pytest.mark.parametrize("seed", range(3))
async def test_any_order_of_calls_keeps_places_and_line(intake: Intake, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # any order will do
    places, line = 3, 4
    id = await opened(intake, places=places, line=line)
    residents = [await intake.resident() for _ in range(12)]
    inside: list[str] = []
    waiting: list[str] = []
    for _ in range(CALLS):
        resident = chance.choice(residents)
        call = chance.choice(["join", "join", "leave", "places"])
        client = as_resident(intake, resident)
        standing = resident in inside or resident in waiting
        if call == "join":
            answer = await client.post(f"/v1/activities/{id}/sign-ups", json={})
            full = len(inside) >= places or bool(waiting)
            refused = standing or (full and len(waiting) >= line)
            assert answer.status_code == (409 if refused else 201), answer.text
            if not refused:
                (waiting if full else inside).append(resident)
        elif call == "leave":
            answer = await client.delete(f"/v1/activities/{id}/sign-ups/{resident}")
            assert answer.status_code == (200 if standing else 404), answer.text
            for group in (inside, waiting):
                if resident in group:
                    group.remove(resident)
        else:
            wanted = chance.randint(0, 5)
            answer = await _places(intake, id, wanted)
            assert answer.status_code == (200 if wanted >= len(inside) else 409), answer.text
            places = wanted if answer.status_code == 200 else places
        while waiting and len(inside) < places:
            inside.append(waiting.pop(0))
        lines = [each for each in await roster(intake, id) if each["state"] != "left"]
        assert {each["resident"] for each in lines if each["state"] == "in"} == set(inside)
        assert [each["resident"] for each in lines if each["state"] == "waiting"] == waiting
        state = (await seen(intake, id))["state"]
        assert state == ("full" if len(inside) >= places else "open")


async def _places(intake: Intake, id: str, wanted: int) -> Any:
    tag = (await head(intake).get(f"/v1/activities/{id}")).headers["ETag"]
    body = {"lanes": [{"lane": "participant", "places": wanted}]}
    return await head(intake, **{"If-Match": tag}).patch(f"/v1/activities/{id}", json=body)
