"""Vacancies: checked before they are published, hidden until then, and gone by the clock."""

from datetime import timedelta

import orjson
import pytest

from services.employment.vacancies.jobs import expire_all
from shared.security import Role
from tests.services.employment.conftest import Employment
from tests.services.employment.samples import vacancy_body
from tests.support.web import problem


async def test_publishing_is_told_once_it_was_checked(employment: Employment) -> None:
    id = await employment.vacancy(until="draft")
    problem(await employment.desk.post(f"/v1/vacancies/{id}/publish"), 409, "illegal-move")
    assert await employment.published() == []
    for move, state in (("check", "checked"), ("publish", "published")):
        moved = await employment.desk.post(f"/v1/vacancies/{id}/{move}")
        assert moved.json() == {"id": id, "state": state}
    (event,) = await employment.published("vacancy.published")
    assert orjson.loads(event.data) == {
        "vacancy": id,
        "occupation": "4-10.elder_carer",
        "posts": 2,
        "expires": "2026-12-31T16:00:00Z",
    }


async def test_what_changed_has_to_be_checked_again(employment: Employment) -> None:
    id = await employment.vacancy(until="check")
    etag = (await employment.desk.get(f"/v1/vacancies/{id}")).headers["etag"]
    changed = await employment.desk.put(
        f"/v1/vacancies/{id}", json=vacancy_body(posts=3), headers={"If-Match": etag}
    )
    assert changed.json() == {"id": id, "state": "draft", "version": 3}
    problem(await employment.desk.post(f"/v1/vacancies/{id}/publish"), 409, "illegal-move")


async def test_what_seekers_were_told_cannot_be_changed(employment: Employment) -> None:
    id = await employment.vacancy()
    changed = await employment.desk.put(
        f"/v1/vacancies/{id}", json=vacancy_body(pay_from=100_000), headers={"If-Match": '"3"'}
    )
    problem(changed, 409, "illegal-move")


async def test_the_last_post_fills_it(employment: Employment) -> None:
    id = await employment.vacancy(posts=3)
    path = f"/v1/vacancies/{id}/fill"
    assert (await employment.desk.post(path, json={"posts": 1})).json()["state"] == "published"
    many = problem(await employment.desk.post(path, json={"posts": 3}), 422, "too-many-posts-taken")
    assert many["detail"] == "只剩2个名额。"
    assert await employment.published("vacancy.filled") == []
    assert (await employment.desk.post(path, json={})).json()["state"] == "filled"
    (event,) = await employment.published("vacancy.filled")
    assert orjson.loads(event.data) == {"vacancy": id}
    problem(await employment.desk.post(path, json={}), 409, "illegal-move")


async def test_closing_needs_a_reason_of_the_list(employment: Employment) -> None:
    id = await employment.vacancy()
    path = f"/v1/vacancies/{id}/close"
    problem(await employment.desk.post(path, json={"reason": "because"}), 422, "invalid-request")
    assert (await employment.desk.post(path, json={"reason": "withdrawn"})).json()["state"] == "closed"
    shown = (await employment.desk.get(f"/v1/vacancies/{id}")).json()
    assert (shown["closing_reason"], shown["ended"]) == ("withdrawn", "2026-11-18T02:00:00Z")


@pytest.mark.parametrize("role", [Role.RESIDENT, Role.PORTAL, Role.SERVICE, Role.DISTRICT])
async def test_what_is_being_prepared_is_not_public(employment: Employment, role: Role) -> None:
    hidden = [await employment.vacancy(until="draft"), await employment.vacancy(until="check")]
    refused = await employment.vacancy(until="draft")
    await employment.desk.post(f"/v1/vacancies/{refused}/close", json={"reason": "not_genuine"})
    public = await employment.vacancy()
    visitor = employment.client(role, subject="01936c2e-7a3b-7000-8000-000000000009")
    for id in (*hidden, refused):
        problem(await visitor.get(f"/v1/vacancies/{id}"), 404, "vacancy-not-found")
    listed = (await visitor.get("/v1/vacancies")).json()["items"]
    assert [item["id"] for item in listed] == [public]
    problem(await visitor.get(f"/v1/vacancies/{public}/matches"), 403, "not-permitted")


async def test_vacancies_are_found_by_place_and_occupation(employment: Employment) -> None:
    here = await employment.vacancy(area="330106002")
    await employment.vacancy(area="330105001")
    await employment.vacancy(area="330106002", occupation="4-03.cook")
    params = {"area": "330106", "occupation": "4-10.elder_carer", "state": "published"}
    found = (await employment.desk.get("/v1/vacancies", params=params)).json()["items"]
    assert [item["id"] for item in found] == [here]
    assert found[0]["occupation"] == {"code": "4-10.elder_carer", "name": "养老护理员"}


@pytest.mark.parametrize(
    ("changes", "status", "type", "reason"),
    [
        ({"pay_to": 440_000}, 422, "pay-reversed", "the top below the bottom"),
        ({"organisation": "颐养中心 1990000 1234"}, 422, "number-in-name", "a telephone is personal data"),
        ({"expires": "2026-11-18T02:00:00Z"}, 409, "vacancy-past-expiry", "over at this very moment"),
        ({"posts": 0}, 422, "invalid-request", "no post"),
        ({"contact": "李四"}, 422, "invalid-request", "contact persons are not kept here"),
        ({"required_skills": ["flying"]}, 422, "invalid-request", "not a skill of the vocabulary"),
    ],
)
async def test_what_is_wrong_is_refused(
    employment: Employment, changes: dict[str, object], status: int, type: str, reason: str
) -> None:
    answer = await employment.desk.post("/v1/vacancies", json=vacancy_body(**changes))
    problem(answer, status, type)
    assert (await employment.desk.get("/v1/vacancies")).json()["items"] == [], reason


async def test_a_name_with_a_short_number_is_fine(employment: Employment) -> None:
    await employment.vacancy(until="draft", organisation="第102幼儿园")


async def test_vacancies_expire_by_the_clock(employment: Employment) -> None:
    soon = await employment.vacancy(expires="2026-11-19T02:00:00Z")
    later = await employment.vacancy(expires="2026-11-20T02:00:00Z")
    draft = await employment.vacancy(until="check", expires="2026-11-19T02:00:00Z")
    assert await expire_all(employment.database, "longxi", employment.clock) == 0
    employment.clock.advance(timedelta(days=1))
    assert await expire_all(employment.database, "yuhu", employment.clock) == 0
    assert await expire_all(employment.database, "longxi", employment.clock) == 1
    states = {
        item["id"]: item["state"] for item in (await employment.desk.get("/v1/vacancies")).json()["items"]
    }
    assert states == {soon: "expired", later: "published", draft: "checked"}
    late = await employment.desk.post(f"/v1/vacancies/{draft}/publish")
    problem(late, 409, "vacancy-past-expiry")


async def test_the_job_expires_those_of_every_community(employment: Employment) -> None:
    neighbour = employment.client(tenant="yuhu")
    id = (await neighbour.post("/v1/vacancies", json=vacancy_body())).json()["id"]
    for move in ("check", "publish"):
        await neighbour.post(f"/v1/vacancies/{id}/{move}")
    employment.clock.advance(timedelta(days=90))
    (job,) = employment.parts.jobs
    await job.run()
    shown = await employment.client(tenant="yuhu").get(f"/v1/vacancies/{id}")
    assert shown.json()["state"] == "expired"
