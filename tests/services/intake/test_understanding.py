"""What a machine proposes, what a person decides, and what is learnt from it."""

from typing import Any

import pytest

from services.intake.understanding.rules import Terms
from shared.security import Role
from shared.understanding import shipped
from shared.understanding.terms import speaking
from tests.services.intake.conftest import CONCERN, Intake, grid
from tests.support.web import problem

UNCLEAR = {"subject": "反映一个情况", "body": "希望有关部门管一管，我们等了很久了。"}


async def reading(intake: Intake, request: str) -> dict[str, Any]:
    worker = intake.as_(Role.WORKER)
    answer = await worker.get(f"/v1/requests/{request}/understanding")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_clear_concern_gets_its_category_and_says_by_which_words(intake: Intake) -> None:
    receipt = await intake.file(**CONCERN)
    (event,) = await intake.published()
    assert event["category"].startswith("0102")
    found = await reading(intake, receipt["id"])
    assert found["decided"] == "automatic"
    assert found["model"] == shipped().version
    assert "路灯" in found["words"]
    assert found["guesses"][0]["category_name"].startswith("城乡建设 / 城市建设和市政管理")
    assert found["belongs"] == "community"


async def test_the_words_that_decided_are_kept_as_what_the_resident_wrote_is(intake: Intake) -> None:
    receipt = await intake.file(**CONCERN)
    words = (await reading(intake, receipt["id"]))["words"]
    kept = await intake.rows(
        "SELECT r::text AS reading, t::text AS said FROM request_reading r JOIN request_text t USING (request)"
    )
    for word in words:
        for written in (word, word.encode().hex(), word.encode("unicode_escape").decode()):
            assert not any(written in row.reading or written in row.said for row in kept), word
    await intake.as_(Role.HEAD, "head-1").delete(f"/v1/residents/{receipt['resident']}")
    left = await reading(intake, receipt["id"])
    assert (left["words"], left["urgency_words"]) == ([], [])
    assert left["guesses"][0]["category"].startswith("0102")


async def test_an_unclear_concern_waits_for_a_person_and_has_no_category(intake: Intake) -> None:
    receipt = await intake.file(**UNCLEAR)
    (event,) = await intake.published()
    assert event["category"] is None
    worker = intake.as_(Role.WORKER)
    waiting = (await worker.get("/v1/understanding/waiting")).json()["items"]
    assert [line["request"] for line in waiting] == [receipt["id"]]
    assert waiting[0]["reference"] == receipt["reference"]
    assert waiting[0]["decided"] is None


async def test_a_category_that_was_given_is_not_guessed_at(intake: Intake) -> None:
    receipt = await intake.file(**CONCERN, category="06")
    (event,) = await intake.published()
    assert event["category"] == "06"
    worker = intake.as_(Role.WORKER)
    answer = await worker.get(f"/v1/requests/{receipt['id']}/understanding")
    problem(answer, 404, "request-not-read")


async def decide(intake: Intake, request: str, role: Role = Role.WORKER, **body: Any) -> Any:
    person = intake.as_(role)
    return await person.post(f"/v1/requests/{request}/understanding/decision", json=body)


async def test_a_correction_reaches_the_request_and_those_who_work_on_it(intake: Intake) -> None:
    receipt = await intake.file(**CONCERN)
    answer = await decide(intake, receipt["id"], category="0402")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"request": receipt["id"], "decided": "corrected", "category": "0402"}
    event = (await intake.published())[-1]
    assert (event["type"], event["category"], event["reason"]) == (
        "request.reclassified",
        "0402",
        "proposal_corrected",
    )
    record = await intake.read(receipt["id"])
    assert record["category"] == "0402"
    found = await reading(intake, receipt["id"])
    assert (found["decided"], found["decided_category"]) == ("corrected", "0402")


async def test_a_confirmation_of_what_waited_gives_the_request_its_category(intake: Intake) -> None:
    receipt = await intake.file(**UNCLEAR)
    proposed = (await reading(intake, receipt["id"]))["guesses"][0]["category"]
    answer = await decide(intake, receipt["id"], category=proposed)
    assert answer.json()["decided"] == "confirmed"
    assert (await intake.read(receipt["id"]))["category"] == proposed
    worker = intake.as_(Role.WORKER)
    assert (await worker.get("/v1/understanding/waiting")).json()["items"] == []


async def test_a_proposal_is_decided_once(intake: Intake) -> None:
    receipt = await intake.file(**UNCLEAR)
    await decide(intake, receipt["id"], category="06")
    again = await decide(intake, receipt["id"], category="04")
    problem(again, 409, "proposal-decided-already")


async def test_a_category_that_does_not_exist_is_refused(intake: Intake) -> None:
    receipt = await intake.file(**UNCLEAR)
    problem(await decide(intake, receipt["id"], category="99"), 422, "unknown-code")


@pytest.mark.parametrize("role", [Role.RESIDENT, Role.PORTAL, Role.DISTRICT])
async def test_who_does_not_work_for_the_community_decides_nothing(intake: Intake, role: Role) -> None:
    receipt = await intake.file(**UNCLEAR)
    assert (await decide(intake, receipt["id"], role, category="06")).status_code == 403


async def test_words_can_be_tried_out_without_filing(intake: Intake) -> None:
    portal = intake.as_(Role.PORTAL)
    answer = await portal.post(
        "/v1/understanding/read", json={"subject": "电梯困人", "body": "望江小区2栋有老人被困电梯"}
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["urgency"] == "emergency"
    assert found["place"]["name"] == "望江小区"
    assert await intake.rows("SELECT 1 FROM request") == []


async def test_a_place_in_the_words_finds_the_grid_where_no_address_is_given(intake: Intake) -> None:
    garden = grid(("龙溪花园",))
    await intake.receive(garden, grid((), catch_all=True, code="g-02"))
    receipt = await intake.file(**CONCERN)
    assert receipt["grid"] == str(garden.grid)
    assert (await intake.file(**UNCLEAR))["grid"] is None


async def test_erasing_a_resident_leaves_nothing_to_learn_from(intake: Intake) -> None:
    receipt = await intake.file(**UNCLEAR)
    await decide(intake, receipt["id"], category="06")
    await intake.as_(Role.HEAD, "head-1").delete(f"/v1/residents/{receipt['resident']}")
    head = intake.as_(Role.HEAD)
    answer = await head.post("/v1/classifier/models")
    problem(answer, 409, "too-few-decisions")


async def test_a_community_trains_a_model_of_its_own_and_can_go_back(intake: Intake) -> None:
    for number in range(Terms().train_from // 2):
        for subject, body, category in (
            (f"第{number}处共享单车堆", "共享单车堆在门口，走不过去", "0605"),
            (f"第{number}次麻雀叫", "麻雀叫得人睡不好觉，请管一管", "0402"),
        ):
            receipt = await intake.file(subject=subject, body=body)
            await decide(intake, receipt["id"], category=category)
    head = intake.as_(Role.HEAD)
    answer = await head.post("/v1/classifier/models")
    assert answer.status_code == 201, answer.text
    trained = answer.json()
    assert trained["active"]
    assert trained["report"]["after"]["accuracy"] >= trained["report"]["before"]["accuracy"]
    read = (
        await head.post("/v1/understanding/read", json={"subject": "共享单车堆", "body": "又有共享单车堆"})
    ).json()
    assert read["model"] == trained["version"]
    assert read["guesses"][0]["category"].startswith("06")
    assert set(read["words"]) - speaking().keys(), "words that it has learnt speak"
    filed = await intake.file(subject="共享单车堆", body="又有共享单车堆")
    assert set((await reading(intake, filed["id"]))["words"]) - speaking().keys(), "and are kept with it"
    quality = (await head.get("/v1/classifier/quality")).json()
    assert quality["decided"] == Terms().train_from
    back = await head.post("/v1/classifier/activation", json={"version": None})
    assert not any(line["active"] for line in back.json()["models"])
    read = (await head.post("/v1/understanding/read", json={"subject": "路灯", "body": "坏了"})).json()
    assert read["model"] == shipped().version
    unknown = await head.post("/v1/classifier/activation", json={"version": "own-none"})
    problem(unknown, 404, "classifier-model-not-found")
    reads = await intake.rows(
        "SELECT DISTINCT purpose FROM personal_read WHERE purpose = 'classifier_training'"
    )
    assert len(reads) == 1
