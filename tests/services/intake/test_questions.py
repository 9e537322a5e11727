"""Extra questions: the head defines them by category, portals ask them, answers are checked, kept secret and shown."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from shared.security import Role
from tests.services.intake.conftest import CONCERN, Intake
from tests.support.web import problem

LIFT = {
    "key": "lift",
    "kind": "choice",
    "zh": "哪部电梯？",
    "en": "Which lift?",
    "required": True,
    "choices": [{"code": "a", "zh": "甲梯", "en": "Lift A"}, {"code": "b", "zh": "乙梯", "en": "Lift B"}],
}
SINCE = {"key": "since", "kind": "date", "zh": "从哪天开始？", "en": "Since when?"}
PEOPLE = {"key": "people", "kind": "number", "zh": "多少人受影响？", "en": "How many people?"}
NOTE = {"key": "note", "kind": "text", "zh": "还有什么要说的？", "en": "Anything else?"}


async def define(intake: Intake, category: str, *questions: dict[str, Any], **headers: str) -> httpx.Response:
    head = intake.as_(Role.HEAD, "head-1")
    return await head.put(f"/v1/questions/{category}", json={"questions": list(questions)}, headers=headers)


async def test_questions_have_versions_and_two_heads_notice_each_other(intake: Intake) -> None:
    first = await define(intake, "0105", LIFT)
    assert (first.status_code, first.json()["version"], first.headers["ETag"]) == (200, 1, '"1"'), first.text
    problem(await define(intake, "0105", SINCE), 428, "precondition-required")
    second = await define(intake, "0105", LIFT, SINCE, **{"If-Match": '"1"'})
    assert second.json()["version"] == 2
    problem(await define(intake, "0105", **{"If-Match": '"1"'}), 412, "precondition-failed")
    head = intake.as_(Role.HEAD, "head-1")
    assert [each["key"] for each in (await head.get("/v1/questions/0105")).json()["questions"]] == [
        "lift",
        "since",
    ]
    old = (await head.get("/v1/questions/0105/versions/1")).json()
    assert [each["key"] for each in old["questions"]] == ["lift"]
    problem(await head.get("/v1/questions/0105/versions/3"), 404, "questions-not-found")
    problem(await head.get("/v1/questions/0201"), 404, "questions-not-found")


async def test_of_two_first_definitions_at_once_one_stands(intake: Intake) -> None:
    answers = await asyncio.gather(*(define(intake, "0105", LIFT) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert {answer.status_code for answer in answers} <= {200, 412, 428}
    assert len(await intake.rows("SELECT version FROM question_set")) == 1


async def test_a_portal_asks_what_its_category_and_those_above_ask(intake: Intake) -> None:
    await define(intake, "01", PEOPLE)
    await define(intake, "0105", LIFT)
    portal = intake.as_(Role.PORTAL, "wechat")
    for category, keys in (("010503", ["people", "lift"]), ("01", ["people"]), ("02", [])):
        answer = await portal.get(f"/v1/categories/{category}/questions")
        assert [each["key"] for each in answer.json()["questions"]] == keys
    seen = (await portal.get("/v1/categories/010503/questions")).headers["ETag"]
    again = await portal.get("/v1/categories/010503/questions", headers={"If-None-Match": seen})
    assert again.status_code == 304
    problem(await portal.get("/v1/categories/999999/questions"), 422, "unknown-code")
    listed = (await intake.as_(Role.HEAD).get("/v1/questions", params={"limit": 1})).json()
    assert [each["category"] for each in listed["items"]] == ["01"]
    rest = (await intake.as_(Role.HEAD).get("/v1/questions", params={"cursor": listed["next"]})).json()
    assert [each["category"] for each in rest["items"]] == ["0105"]


async def test_definitions_are_the_head_s_and_are_checked(intake: Intake) -> None:
    for role in (Role.WORKER, Role.PORTAL, Role.RESIDENT):
        refused = await intake.as_(role, str(await intake.resident())).put(
            "/v1/questions/0105", json={"questions": [LIFT]}
        )
        problem(refused, 403, "not-permitted")
    twice = problem(await define(intake, "0105", LIFT, LIFT), 422, "bad-question")
    assert twice["errors"][0]["field"] == "/questions/1/key"
    problem(await define(intake, "9999", LIFT), 422, "unknown-code")


async def file(
    intake: Intake, resident: str, category: str | None, answers: dict[str, Any]
) -> httpx.Response:
    body = {**CONCERN, "resident": resident, "category": category, "answers": answers}
    return await intake.as_().post("/v1/requests", json=body)


async def test_answers_are_checked_at_filing_and_the_field_is_named(intake: Intake) -> None:
    await define(intake, "01", LIFT, PEOPLE)
    resident = await intake.resident()
    for answers, type, key in (
        ({}, "answer-missing", "lift"),
        ({"lift": "c"}, "wrong-answer", "lift"),
        ({"lift": "a", "people": "ten"}, "wrong-answer", "people"),
        ({"lift": "a", "colour": "red"}, "not-asked", "colour"),
    ):
        refused = problem(await file(intake, resident, "010503", answers), 422, type)
        assert refused["errors"][0]["field"] == f"/answers/{key}"
    problem(await file(intake, resident, None, {"lift": "a"}), 422, "not-asked")
    assert (await file(intake, resident, None, {})).status_code == 201, "without a category nothing is asked"
    assert len(await intake.rows("SELECT id FROM request")) == 1, "nothing of what was refused was filed"


async def test_answers_are_kept_secret_and_shown_with_their_questions_as_they_were_asked(
    intake: Intake,
) -> None:
    await define(intake, "0105", LIFT, NOTE)
    resident = await intake.resident()
    filed = await file(intake, resident, "010503", {"lift": "b", "note": "轮椅进不去"})
    assert filed.status_code == 201, filed.text
    await define(intake, "0105", SINCE, **{"If-Match": '"1"'})
    record = await intake.read(filed.json()["id"])
    assert record["answers"] == [
        {"key": "lift", "question": "哪部电梯？", "kind": "choice", "value": "b", "text": "乙梯"},
        {
            "key": "note",
            "question": "还有什么要说的？",
            "kind": "text",
            "value": "轮椅进不去",
            "text": "轮椅进不去",
        },
    ]
    (row,) = await intake.rows("SELECT answers FROM request_text")
    assert "轮椅".encode() not in bytes(row.answers)
    (read,) = await intake.rows("SELECT fields FROM personal_read")
    assert "request.answers" in read.fields
    for event in await intake.published():
        assert "轮椅" not in str(event)


async def test_who_is_new_at_the_window_is_asked_too(intake: Intake) -> None:
    await define(intake, "0105", LIFT)
    new = {"name": "李四", "phone": "19900001235"}
    body = {**CONCERN, "new_resident": new, "category": "0105", "answers": {"lift": "a"}}
    answer = await intake.as_().post("/v1/requests", json=body)
    assert answer.status_code == 201, answer.text
    assert (await intake.read(answer.json()["id"]))["answers"][0]["value"] == "a"


async def test_answers_can_be_given_later_while_it_is_open(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await file(intake, resident, "0105", {})).json()["id"]
    await define(intake, "0105", LIFT)
    own = intake.as_(Role.RESIDENT, resident)
    path = f"/v1/requests/{id}/answers"
    problem(await own.put(path, json={"answers": {"lift": "a"}}), 428, "precondition-required")
    seen = {"If-Match": (await own.get(f"/v1/requests/{id}")).headers["ETag"]}
    wrong = problem(await own.put(path, json={"answers": {"lift": "z"}}, headers=seen), 422, "wrong-answer")
    assert wrong["errors"][0]["field"] == "/answers/lift"
    put = await own.put(path, json={"answers": {"lift": "a"}}, headers=seen)
    assert (put.status_code, put.json()["version"]) == (200, 2), put.text
    problem(await own.put(path, json={"answers": {"lift": "b"}}, headers=seen), 412, "precondition-failed")
    assert (await intake.read(id))["answers"][0]["text"] == "甲梯"
    last = (await intake.story(id))[-1]
    assert (last["entry"], last["details"]) == ("answer", {"answers": 1})
    other = intake.as_(Role.RESIDENT, await intake.resident())
    problem(await other.put(path, json={"answers": {}}, headers=seen), 404, "request-not-found")
    await intake.handled(id, resident)
    late = await own.put(path, json={"answers": {"lift": "b"}}, headers={"If-Match": "*"})
    assert late.status_code in {409, 412}
    assert (await intake.read(id))["answers"][0]["text"] == "甲梯"


async def test_another_process_asks_the_new_questions_within_half_a_minute(intake: Intake) -> None:
    other = intake.another_process()
    portal = other.as_(Role.PORTAL, "wechat")
    assert (await portal.get("/v1/categories/0105/questions")).json()["questions"] == []
    await define(intake, "0105", LIFT)
    intake.clock.advance(timedelta(seconds=31))
    assert len((await portal.get("/v1/categories/0105/questions")).json()["questions"]) == 1


async def test_an_erased_resident_s_answers_can_be_read_by_nobody(intake: Intake) -> None:
    await define(intake, "0105", LIFT)
    resident = await intake.resident()
    id = (await file(intake, resident, "0105", {"lift": "a"})).json()["id"]
    version = (await intake.read(id))["version"]
    erased = await intake.as_(Role.RESIDENT, resident).delete(f"/v1/residents/{resident}")
    assert erased.status_code in {200, 204}, erased.text
    assert (await intake.read(id))["answers"] == []
    head = intake.as_(Role.HEAD, "head-1")
    refused = await head.put(
        f"/v1/requests/{id}/answers", json={"answers": {"lift": "b"}}, headers={"If-Match": f'"{version}"'}
    )
    assert refused.json()["type"].endswith("resident-erased"), refused.text


async def test_another_community_asks_its_own_questions(intake: Intake) -> None:
    await define(intake, "0105", LIFT)
    for role, path in ((Role.PORTAL, "/v1/categories/0105/questions"), (Role.HEAD, "/v1/questions")):
        answer = (await intake.as_(role, "someone", tenant="yuhu").get(path)).json()
        assert [*answer.get("questions", ()), *answer.get("items", ())] == []
    problem(await intake.as_(Role.HEAD, tenant="yuhu").get("/v1/questions/0105"), 404, "questions-not-found")
