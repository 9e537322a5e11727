"""Consent by purpose: to the words in force, given and taken back, and nothing read without it."""

import asyncio
from datetime import date, timedelta
from typing import Any

from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.support.identities import number_of
from tests.support.web import problem

PURPOSE = "employment_sharing"


async def publish(intake: Intake, purpose: str = PURPOSE, **fields: Any) -> dict[str, Any]:
    body = {"purpose": purpose, "zh": "同意将求职信息提供给就业服务。", "en": "I agree.", **fields}
    answer = await intake.as_(Role.HEAD, "head-1").post("/v1/consent-texts", json=body)
    assert answer.status_code == 201, answer.text
    text: dict[str, Any] = answer.json()
    return text


async def declare(intake: Intake, resident: str, *, by: str | None = None, **body: Any) -> Any:
    client = intake.as_(Role.RESIDENT, by or resident)
    return await client.post(f"/v1/residents/{resident}/consents", json={"purpose": PURPOSE, **body})


async def contacts(intake: Intake, resident: str, purpose: str) -> dict[str, Any]:
    body = {"purpose": purpose, "residents": [resident]}
    answer = await intake.as_(Role.SERVICE, "employment").post("/v1/contacts", json=body)
    document: dict[str, Any] = answer.json()
    return document


async def test_a_purpose_that_needs_consent_is_refused_until_it_is_given_and_after_it_is_taken_back(
    intake: Intake,
) -> None:
    resident = await intake.resident()
    text = await publish(intake)
    assert await contacts(intake, resident, "employment") == {"contacts": [], "without_consent": [resident]}
    refused = await intake.as_().get(f"/v1/residents/{resident}", headers={"X-Purpose": "employment"})
    problem(refused, 403, "consent-missing")

    assert (await declare(intake, resident, given=True, text=text["id"])).status_code == 201
    given = await contacts(intake, resident, "employment")
    assert (len(given["contacts"]), given["without_consent"]) == (1, [])

    assert (await declare(intake, resident, given=False)).status_code == 201
    assert await contacts(intake, resident, "employment") == {"contacts": [], "without_consent": [resident]}
    assert len((await contacts(intake, resident, "notify"))["contacts"]) == 1, "a duty needs no consent"
    reads = await intake.rows("SELECT purpose FROM personal_read ORDER BY id")
    assert [row.purpose for row in reads] == ["employment", "notify"], "what was refused was not read"


async def test_both_are_kept_with_when_how_by_whom_and_to_which_words(intake: Intake) -> None:
    resident = await intake.resident()
    first = await publish(intake)
    await declare(intake, resident, given=True, text=first["id"], channel="wechat")
    intake.clock.advance(timedelta(days=1))
    second = await publish(intake, zh="第二版")
    assert (second["version"], first["version"]) == (2, 1)
    shown = (await intake.as_().get(f"/v1/residents/{resident}/consents")).json()
    (state,) = shown["states"]
    assert (state["stands"], state["outdated"], state["text"]) == (True, True, second["id"])
    await intake.as_().post(
        f"/v1/residents/{resident}/consents",
        json={"purpose": PURPOSE, "given": False, "channel": "walk_in"},
    )
    history = (await intake.as_().get(f"/v1/residents/{resident}/consents")).json()["history"]
    assert [(line["given"], line["channel"], line["by_role"], line["version"]) for line in history] == [
        (False, "walk_in", "worker", 1),
        (True, "wechat", "resident", 1),
    ]


async def test_only_the_text_in_force_can_be_agreed_to(intake: Intake) -> None:
    resident = await intake.resident()
    problem(await declare(intake, resident, given=True), 409, "consent-text-not-in-force")
    old = await publish(intake)
    new = await publish(intake, in_force="2026-12-01T00:00:00+08:00")
    problem(await declare(intake, resident, given=True, text=new["id"]), 409, "consent-text-not-in-force")
    assert (await declare(intake, resident, given=True, text=old["id"])).status_code == 201
    problem(await declare(intake, resident, given=True, text=old["id"]), 409, "consent-already-given")
    intake.clock.advance(timedelta(days=20))
    problem(await declare(intake, resident, given=True, text=old["id"]), 409, "consent-text-not-in-force")
    assert (await declare(intake, resident, given=True, text=new["id"])).status_code == 201
    assert (await declare(intake, resident, given=False)).status_code == 201
    problem(await declare(intake, resident, given=False), 409, "nothing-to-withdraw")


async def test_said_twice_at_once_it_is_kept_once(intake: Intake) -> None:
    resident = await intake.resident()
    text = await publish(intake)
    answers = await asyncio.gather(
        *(declare(intake, resident, given=True, text=text["id"]) for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert len(await intake.rows("SELECT id FROM consent")) == 1


async def test_a_resident_speaks_for_themselves_only(intake: Intake) -> None:
    resident, other = await intake.resident(), await intake.resident()
    text = await publish(intake)
    problem(await declare(intake, resident, by=other, given=True, text=text["id"]), 404, "resident-not-found")
    answer = await intake.as_(Role.RESIDENT, other).get(f"/v1/residents/{resident}/consents")
    problem(answer, 404, "resident-not-found")


async def test_for_a_child_under_fourteen_the_guardian_decides(intake: Intake) -> None:
    parent = await intake.resident(name="张三")
    child = await intake.resident(name="张小宝", id_number=number_of(date(2016, 5, 1), 1), gender=None)
    minor, sharing = await publish(intake, "minor_data"), await publish(intake)
    body = {"guardian": parent, "relation": "parent"}
    path = f"/v1/residents/{child}/guardians"
    problem(await intake.as_().post(path, json=body), 403, "guardian-consent-needed")
    made = await intake.as_().post(path, json={**body, "consent_text": minor["id"]})
    assert made.status_code == 201, made.text
    problem(await declare(intake, child, given=True, text=sharing["id"]), 403, "guardian-decides")
    answer = await declare(intake, child, by=parent, given=True, text=sharing["id"])
    assert answer.status_code == 201, answer.text
    assert len((await contacts(intake, child, "employment"))["contacts"]) == 1
    taken_back = await intake.as_(Role.RESIDENT, parent).post(
        f"/v1/residents/{child}/consents", json={"purpose": "minor_data", "given": False}
    )
    assert taken_back.status_code == 201
    assert (await contacts(intake, child, "employment"))["without_consent"] == [child]
