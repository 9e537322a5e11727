"""Who read my data, in plain words, and why: asked, answered in time, told."""

from datetime import timedelta
from typing import Any

import pytest

from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.support.web import problem


@pytest.fixture
async def read(intake: Intake) -> tuple[str, dict[str, Any]]:
    """A resident, and the line of a read of theirs."""
    resident = await intake.resident()
    await intake.as_().get(f"/v1/residents/{resident}", headers={"X-Purpose": "visit"})
    answer = await intake.as_(Role.RESIDENT, resident).get(f"/v1/residents/{resident}/reads")
    (line,) = answer.json()["items"]
    return resident, line


async def ask(intake: Intake, resident: str, line: dict[str, Any], by: str | None = None) -> Any:
    path = f"/v1/residents/{resident}/reads/{line['id']}/questions"
    return await intake.as_(Role.RESIDENT, by or resident).post(path, json={"text": "为什么查看我的住址？"})


async def test_a_line_says_who_in_which_role_what_for_and_when(
    intake: Intake, read: tuple[str, dict[str, Any]]
) -> None:
    resident, line = read
    assert line["words"].startswith("2026年11月18日10:00，社区工作者（worker-1）为“上门探访”查看了您的姓名")
    english = await intake.as_(Role.RESIDENT, resident, **{"Accept-Language": "en"}).get(
        f"/v1/residents/{resident}/reads"
    )
    assert english.json()["items"][0]["words"].startswith("2026-11-18 10:00: worker (worker-1) saw your name")


async def test_a_question_is_answered_and_the_resident_is_told_by_ids_only(
    intake: Intake, read: tuple[str, dict[str, Any]]
) -> None:
    resident, line = read
    asked = await ask(intake, resident, line)
    assert asked.status_code == 201, asked.text
    assert asked.json()["due"] == "2026-11-23T09:30:00Z"
    head = intake.as_(Role.HEAD, "head-1")
    (waiting,) = (await head.get("/v1/read-questions")).json()["items"]
    assert (waiting["resident"], waiting["overdue"]) == (resident, False)
    assert "question" not in waiting
    shown = (await head.get(f"/v1/read-questions/{waiting['id']}")).json()
    assert shown["question"] == "为什么查看我的住址？"
    assert "上门探访" in shown["about"]
    path = f"/v1/read-questions/{waiting['id']}/answer"
    words = {"text": "网格员上门探访前核对了地址。"}
    assert (await head.post(path, json=words)).status_code == 200
    problem(await head.post(path, json=words), 409, "already-answered")
    assert (await head.get("/v1/read-questions")).json()["items"] == []

    own = (await intake.as_(Role.RESIDENT, resident).get(f"/v1/read-questions/{waiting['id']}")).json()
    assert own["answer"] == words["text"]
    (event,) = await intake.published("read_question.answered")
    assert event == {
        "type": "read_question.answered",
        "question": waiting["id"],
        "resident": resident,
        "within_limit": True,
    }
    (row,) = await intake.rows("SELECT read_question::text AS text FROM read_question")
    for said in ("住址", "网格员"):
        assert said.encode().hex() not in row.text
    lines = (await intake.as_(Role.RESIDENT, resident).get(f"/v1/residents/{resident}/reads")).json()["items"]
    assert [each["purpose"] for each in lines] == ["own_access", "explain", "visit"], "the head's look counts"


async def test_a_read_is_asked_about_once_and_by_whose_it_is(
    intake: Intake, read: tuple[str, dict[str, Any]]
) -> None:
    resident, line = read
    other = await intake.resident()
    problem(await ask(intake, resident, line, by=other), 404, "resident-not-found")
    problem(await ask(intake, other, line), 404, "read-not-found")
    asked = await ask(intake, resident, line)
    problem(await ask(intake, resident, line), 409, "already-asked")
    path = f"/v1/read-questions/{asked.json()['id']}"
    problem(await intake.as_(Role.RESIDENT, other).get(path), 404, "question-not-found")
    problem(await intake.as_(Role.WORKER).get(path), 403, "not-permitted")


async def test_an_answer_after_the_limit_says_so(intake: Intake, read: tuple[str, dict[str, Any]]) -> None:
    resident, line = read
    asked = await ask(intake, resident, line)
    intake.clock.advance(timedelta(days=7))
    head = intake.as_(Role.HEAD, "head-1")
    assert (await head.get("/v1/read-questions")).json()["items"][0]["overdue"]
    await head.post(f"/v1/read-questions/{asked.json()['id']}/answer", json={"text": "抱歉，答复迟了。"})
    (event,) = await intake.published("read_question.answered")
    assert event["within_limit"] is False
