"""Registrations: one a resident, moves as the domain says, nothing shown to others, gone when erased."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import orjson
import pytest

from shared.contracts.intake import ResidentErased
from shared.database import new_id
from shared.messaging.envelope import Envelope
from shared.security import Role
from tests.services.employment.conftest import Employment
from tests.services.employment.samples import RESIDENT, seeker_body, wishes
from tests.support.web import problem


async def test_registering_is_published_with_codes_and_ids_only(employment: Employment) -> None:
    id = await employment.seeker(resident=str(RESIDENT), skills=["first_aid", "elder_care", "elder_care"])
    (event,) = await employment.published("seeker.registered")
    assert orjson.loads(event.data) == {
        "seeker": id,
        "resident": str(RESIDENT),
        "occupations": ["4-10.elder_carer"],
        "skills": ["elder_care", "first_aid"],
    }
    assert event.time == employment.clock()


async def test_what_was_registered_is_shown(employment: Employment) -> None:
    id = await employment.seeker(resident=str(RESIDENT))
    answer = await employment.desk.get(f"/v1/seekers/{id}")
    assert answer.headers["etag"] == '"1"'
    shown = answer.json()
    assert shown["state"] == "registered"
    assert {name: shown[name] for name in wishes()} == wishes()


async def test_without_a_day_somebody_is_free_from_today_in_china(employment: Employment) -> None:
    id = await employment.seeker(available_from=None)
    assert (await employment.desk.get(f"/v1/seekers/{id}")).json()["available_from"] == "2026-11-18"


async def test_a_resident_has_one_active_registration(employment: Employment) -> None:
    first = await employment.seeker(resident=str(RESIDENT))
    body = seeker_body(resident=str(RESIDENT))
    refused = await employment.desk.post("/v1/seekers", json=body)
    problem(refused, 409, "seeker-already-registered")
    left = await employment.desk.post(f"/v1/seekers/{first}/exit", json={"reason": "found_work"})
    assert left.json() == {"id": first, "state": "exited"}
    assert (await employment.desk.post("/v1/seekers", json=body)).status_code == 201


async def test_two_registrations_at_the_same_moment_make_one(employment: Employment) -> None:
    body = seeker_body(resident=str(RESIDENT))
    answers = await asyncio.gather(*(employment.desk.post("/v1/seekers", json=body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert len(await employment.published("seeker.registered")) == 1


async def test_the_same_key_registers_once_and_is_answered_the_same(employment: Employment) -> None:
    body, headers = seeker_body(), {"Idempotency-Key": "desk-1"}
    first = await employment.desk.post("/v1/seekers", json=body, headers=headers)
    second = await employment.desk.post("/v1/seekers", json=body, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert len(await employment.published("seeker.registered")) == 1


async def test_two_people_who_change_the_same_registration_notice(employment: Employment) -> None:
    id = await employment.seeker()
    body = wishes(skills=["elder_care", "first_aid"])
    problem(await employment.desk.put(f"/v1/seekers/{id}", json=body), 428, "precondition-required")
    changed = await employment.desk.put(f"/v1/seekers/{id}", json=body, headers={"If-Match": '"1"'})
    assert changed.json() == {"id": id, "version": 2}
    late = await employment.desk.put(f"/v1/seekers/{id}", json=wishes(), headers={"If-Match": '"1"'})
    problem(late, 412, "precondition-failed")
    assert (await employment.desk.get(f"/v1/seekers/{id}")).json()["skills"] == ["elder_care", "first_aid"]


async def test_from_registered_to_placed(employment: Employment) -> None:
    id = await employment.seeker()
    early = problem(await employment.desk.post(f"/v1/seekers/{id}/place"), 409, "illegal-move")
    assert early["detail"] == "当前状态为“已登记”，不能登记就业；可以：修改登记、开始服务、退出。"
    for move, state in (("serve", "served"), ("place", "placed")):
        moved = await employment.desk.post(f"/v1/seekers/{id}/{move}")
        assert moved.json() == {"id": id, "state": state}
    body = {"reason": "withdrawn"}
    problem(await employment.desk.post(f"/v1/seekers/{id}/exit", json=body), 409, "illegal-move")
    changed = await employment.desk.put(f"/v1/seekers/{id}", json=wishes(), headers={"If-Match": '"3"'})
    problem(changed, 409, "illegal-move")


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"occupations": []}, "/occupations", "somebody who wants nothing cannot be matched"),
        ({"occupations": ["4-99.unheard_of"]}, "/occupations/0", "not an occupation of the vocabulary"),
        ({"skills": ["elder_care", "19900001234"]}, "/skills/1", "not a skill, and not repeated back"),
        ({"education": "doctorate"}, "/education", "not a level of the list"),
        ({"areas": ["3301"]}, "/areas/0", "not an area code of 6, 9 or 12 digits"),
        ({"minimum_pay": 0}, "/minimum_pay", "no minimum is null, not 0"),
        ({"experience_years": -1}, "/experience_years", "years are counted from 0"),
        ({"name": "张三"}, "/name", "names stay with intake"),
    ],
)
async def test_what_is_wrong_is_named_and_not_repeated(
    employment: Employment, changes: dict[str, object], field: str, reason: str
) -> None:
    answer = await employment.desk.post("/v1/seekers", json=seeker_body(**changes))
    found = problem(answer, 422, "invalid-request")
    assert [error["field"] for error in found["errors"]] == [field], reason
    assert "19900001234" not in answer.text
    assert "张三" not in answer.text


async def test_a_resident_reaches_the_own_registration_only(employment: Employment) -> None:
    resident = employment.client(Role.RESIDENT, subject=str(RESIDENT))
    other = await employment.seeker()
    problem(await resident.post("/v1/seekers", json=seeker_body()), 403, "forbidden")
    mine = (await resident.post("/v1/seekers", json=seeker_body(resident=str(RESIDENT)))).json()["id"]
    assert (await resident.get(f"/v1/seekers/{mine}")).status_code == 200
    assert (await resident.get(f"/v1/seekers/{mine}/matches")).status_code == 200
    for path in (f"/v1/seekers/{other}", f"/v1/seekers/{other}/matches"):
        problem(await resident.get(path), 404, "seeker-not-found")
    left = await resident.post(f"/v1/seekers/{other}/exit", json={"reason": "withdrawn"})
    problem(left, 404, "seeker-not-found")
    listed = (await resident.get("/v1/seekers")).json()["items"]
    assert [item["id"] for item in listed] == [mine]
    problem(await resident.post(f"/v1/seekers/{mine}/serve"), 403, "not-permitted")


async def test_a_residents_token_without_a_residents_id_reaches_nothing(employment: Employment) -> None:
    stranger = employment.client(Role.RESIDENT, subject="somebody")
    problem(await stranger.get("/v1/seekers"), 403, "forbidden")


async def test_another_community_sees_nothing(employment: Employment) -> None:
    id = await employment.seeker()
    neighbour = employment.client(tenant="yuhu")
    problem(await neighbour.get(f"/v1/seekers/{id}"), 404, "seeker-not-found")
    assert (await neighbour.get("/v1/seekers")).json()["items"] == []


async def test_lists_are_paged_and_filtered(employment: Employment) -> None:
    ids = [await employment.seeker() for _ in range(3)]
    cook = await employment.seeker(occupations=["4-03.cook"])
    first = (await employment.desk.get("/v1/seekers", params={"limit": 2})).json()
    rest = (await employment.desk.get("/v1/seekers", params={"limit": 2, "cursor": first["next"]})).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == [cook, *reversed(ids)]
    assert rest["next"] is None
    cooks = (await employment.desk.get("/v1/seekers", params={"occupation": "4-03.cook"})).json()
    assert [item["id"] for item in cooks["items"]] == [cook]
    exited = (await employment.desk.get("/v1/seekers", params={"state": "exited"})).json()
    assert exited["items"] == []


async def test_what_is_held_of_an_erased_resident_goes(employment: Employment) -> None:
    await employment.vacancy()
    id = await employment.seeker(resident=str(RESIDENT))
    other = await employment.seeker()
    await employment.hear()
    assert len(await employment.told()) == 2
    for _ in range(2):  # delivered again
        await employment.deliver([_erased()])
    problem(await employment.desk.get(f"/v1/seekers/{id}"), 404, "seeker-not-found")
    assert len(await employment.matches(other)) == 1
    assert (await employment.desk.get("/v1/summary")).json()["matched_pairs"] == 1
    late = await employment.desk.post("/v1/seekers", json=seeker_body(resident=str(RESIDENT)))
    problem(late, 409, "resident-erased")
    await employment.hear(again=True)  # the registration's own event, replayed
    assert len(await employment.told()) == 2


def _erased() -> Envelope:
    event = ResidentErased(resident=RESIDENT)
    return Envelope(
        id=uuid4(),
        source="urn:longxi:service:intake",
        type=event.type,
        time=datetime(2026, 11, 18, tzinfo=UTC),
        subject=RESIDENT,
        tenant="longxi",
        sequence=1,
        correlation=new_id(),
        causation=None,
        traceparent=None,
        dataschema=event.dataschema(),
        data=event.model_dump_json().encode(),
    )
