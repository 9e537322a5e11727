"""Answer templates and the answer in words with which a request is closed."""

from typing import Any

import httpx

from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.support.web import problem

BODY: dict[str, Any] = {
    "title": "路灯已修复",
    "zh": "您反映的诉求{reference}（{category}）已处理，时限{due}。",
    "en": "Your request {reference} ({category}, due {due}) was dealt with.",
    "category": "01",
    "outcome": "resolved",
}
ANSWER = "路灯已经更换，当晚亮灯正常，谢谢您的反映。"


async def write(intake: Intake, **changes: Any) -> httpx.Response:
    return await intake.as_(Role.HEAD, "head-1").post("/v1/answer-templates", json={**BODY, **changes})


async def test_a_template_is_written_changed_and_retired_and_every_version_is_kept(intake: Intake) -> None:
    written = await write(intake)
    assert written.status_code == 201, written.text
    id, head = written.json()["id"], intake.as_(Role.HEAD, "head-1")
    path = f"/v1/answer-templates/{id}"
    problem(await head.put(path, json=BODY), 428, "precondition-required")
    changed = await head.put(path, json={**BODY, "title": "路灯修好了"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"'), changed.text
    problem(await head.put(path, json=BODY, headers={"If-Match": '"1"'}), 412, "precondition-failed")
    assert (await intake.as_().get(path)).json()["title"] == "路灯修好了"
    versions = (await intake.as_().get(f"{path}/versions", params={"limit": 1})).json()
    assert [(each["version"], each["title"], each["by"]) for each in versions["items"]] == [
        (2, "路灯修好了", "head-1")
    ]
    older = (await intake.as_().get(f"{path}/versions", params={"cursor": versions["next"]})).json()
    assert [each["version"] for each in older["items"]] == [1]
    assert (await head.delete(path)).status_code == 204
    assert (await intake.as_().get("/v1/answer-templates")).json()["items"] == []
    retired = (await intake.as_().get("/v1/answer-templates", params={"retired": "true"})).json()["items"]
    assert [each["id"] for each in retired] == [id]
    late = await head.put(path, json=BODY, headers={"If-Match": '"3"'})
    problem(late, 409, "template-retired")


async def test_those_that_fit_are_found_by_category_and_outcome(intake: Intake) -> None:
    ids = {}
    for name, category, outcome in (
        ("all", None, None),
        ("broad", "01", None),
        ("narrow", "0105", "resolved"),
        ("other", "02", None),
        ("explained", "0105", "explained"),
    ):
        ids[(await write(intake, category=category, outcome=outcome)).json()["id"]] = name

    async def found(**params: str) -> list[str]:
        answer = await intake.as_().get("/v1/answer-templates", params=params)
        return [ids[each["id"]] for each in answer.json()["items"]]

    assert await found(category="010503", outcome="resolved") == ["all", "broad", "narrow"]
    assert await found(category="01") == ["all", "broad"]
    assert await found(outcome="explained") == ["all", "broad", "other", "explained"]


async def test_only_known_placeholders_and_categories(intake: Intake) -> None:
    refused = problem(await write(intake, en="Dear {name}"), 422, "unknown-placeholder")
    assert refused["errors"][0]["field"] == "/en"
    problem(await write(intake, category="99"), 422, "unknown-code")


async def test_templates_are_written_by_the_head_and_read_by_workers(intake: Intake) -> None:
    problem(await intake.as_().post("/v1/answer-templates", json=BODY), 403, "not-permitted")
    id = (await write(intake)).json()["id"]
    assert (await intake.as_().get(f"/v1/answer-templates/{id}")).status_code == 200
    resident = intake.as_(Role.RESIDENT, await intake.resident())
    problem(await resident.get(f"/v1/answer-templates/{id}"), 403, "not-permitted")


async def test_a_template_is_rendered_for_a_request(intake: Intake) -> None:
    receipt = await intake.file(category="010503")
    id = (await write(intake)).json()["id"]
    rendered = (await intake.as_().get(f"/v1/requests/{receipt['id']}/answer-templates/{id}")).json()
    assert receipt["reference"] in rendered["zh"]
    assert "2026年11月25日（周三）17:30" in rendered["zh"]
    assert "Wed 25 Nov 2026, 17:30" in rendered["en"]
    assert rendered["fits"] is True
    other = (await write(intake, category="02")).json()["id"]
    path = f"/v1/requests/{receipt['id']}/answer-templates/{other}"
    assert (await intake.as_().get(path)).json()["fits"] is False
    assert await intake.rows("SELECT id FROM personal_read") == [], "nothing of the resident is read"


async def closed(intake: Intake, id: str, resident: str, **body: Any) -> httpx.Response:
    await intake.handled(id, resident)
    await intake.move(id, "verify")
    return await intake.move(id, "close", {"outcome": "resolved", **body})


async def test_an_answer_in_words_is_for_the_resident_s_eyes(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    assert (await closed(intake, id, resident, answer=ANSWER)).status_code == 200
    own = (await intake.as_(Role.RESIDENT, resident).get(f"/v1/requests/{id}")).json()
    assert own["answer"] == ANSWER
    (row,) = await intake.rows("SELECT answer FROM request_text")
    assert "路灯".encode() not in bytes(row.answer)
    (read,) = await intake.rows("SELECT fields FROM personal_read")
    assert "request.answer" in read.fields
    (event,) = await intake.published("request.closed")
    assert event["answered"] is True
    assert "路灯" not in str(event)
    assert (await intake.story(id))[-1]["details"]["answered"] is True


async def test_of_an_earlier_closing_no_answer_stays(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    await closed(intake, id, resident, answer=ANSWER)
    await intake.move(id, "reopen", {"reason": "came_back"})
    assert (await intake.read(id))["answer"] == ANSWER, (
        "what was said is still there while it is worked on again"
    )
    await closed(intake, id, resident)
    assert (await intake.read(id))["answer"] is None
    assert [event["answered"] for event in await intake.published("request.closed")] == [True, False]


async def test_an_erased_resident_is_not_answered(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    await intake.as_(Role.RESIDENT, resident).delete(f"/v1/residents/{resident}")
    refused = await closed(intake, id, resident, answer=ANSWER)
    assert refused.json()["type"].endswith("resident-erased"), refused.text
    assert (await intake.move(id, "close", {"outcome": "resolved"})).status_code == 200
