"""Requests without a complainant: filed, told to nobody, and followed by a code."""

from typing import Any

import pytest

from services.intake.anonymous.rules import code_of, same_code
from shared.database import new_id
from shared.security import Role
from tests.services.intake.channels import Make, make_intake
from tests.services.intake.conftest import Intake
from tests.support.web import problem

__all__ = ["make_intake"]

MATTER = {"subject": "井盖松动", "body": "玉泉路8号门口的井盖松动，行人容易绊倒。", "address": "玉泉路8号"}


@pytest.fixture
async def intake(make_intake: Make) -> Intake:
    return await make_intake({"anonymous": True})


async def file(intake: Intake, *, role: Role = Role.PORTAL, **changes: Any) -> dict[str, Any]:
    body = {**MATTER, "complainant": "anonymous", "channel": "wechat", **changes}
    answer = await intake.as_(role, "someone").post("/v1/requests/without-resident", json=body)
    assert answer.status_code == 201, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


async def test_an_anonymous_request_is_filed_encrypted_and_followed_by_its_code(intake: Intake) -> None:
    receipt = await file(intake)
    (row,) = await intake.rows("SELECT body FROM request_text")
    assert "井盖".encode() not in bytes(row.body)
    await intake.move(receipt["id"], "accept")
    followed = await intake.anybody().post(
        "/v1/requests/follow",
        json={"tenant": "longxi", "reference": receipt["reference"], "code": receipt["follow_code"].lower()},
    )
    told = followed.json()
    assert (told["state"], told["state_name"]) == ("accepted", "立案")
    assert [entry["name"] for entry in told["entries"]] == ["受理", "立案"]
    assert "井盖" not in followed.text
    assert "someone" not in followed.text, "nor who filed or decided"


async def test_who_filed_it_for_whom_stands_in_the_record(intake: Intake) -> None:
    receipt = await file(intake)
    record = await intake.read(receipt["id"])
    assert record["filed_by"] == {
        "role": "portal",
        "complainant": "anonymous",
        "complainant_name": "匿名",
        "on_behalf": False,
    }
    assert record["channel"] == "wechat"
    found = await file(intake, role=Role.WORKER, complainant="nobody", channel="patrol")
    record = await intake.read(found["id"])
    assert (record["filed_by"]["role"], record["filed_by"]["complainant_name"]) == ("worker", "巡查发现")
    ordinary = await intake.read((await intake.file(channel="hotline"))["id"])
    assert ordinary["filed_by"] == {
        "role": "worker",
        "complainant": "resident",
        "complainant_name": "居民",
        "on_behalf": True,
    }


async def test_nobody_is_told(intake: Intake) -> None:
    """Whoever asks for the contact is told that there is none, so no message is made up for nobody."""
    receipt = await file(intake)
    holder = (await intake.read(receipt["id"]))["resident"]
    person = await intake.resident()
    answer = await intake.as_(Role.SERVICE, "notifications").post(
        "/v1/contacts", json={"purpose": "notify", "residents": [holder, person]}
    )
    assert holder not in [line["resident"] for line in answer.json()["contacts"]]


async def test_each_has_a_key_of_its_own(intake: Intake) -> None:
    first, second = await file(intake), await file(intake)
    records = [await intake.read(each["id"]) for each in (first, second)]
    assert records[0]["resident"] != records[1]["resident"]
    erased = await intake.as_(Role.HEAD).delete(f"/v1/residents/{records[0]['resident']}")
    assert erased.status_code in {200, 204}, erased.text
    assert (await intake.read(first["id"]))["body"] is None
    assert (await intake.read(second["id"]))["body"] == MATTER["body"]


@pytest.mark.parametrize("wrong", ["code", "reference", "tenant", "community", "named"])
async def test_every_wrong_thing_is_answered_alike(intake: Intake, wrong: str) -> None:
    receipt = await file(intake)
    asked = {"tenant": "longxi", "reference": receipt["reference"], "code": receipt["follow_code"]}
    if wrong == "named":
        # A named resident's request is not followed in this way, whatever is guessed.
        asked["reference"] = (await intake.file())["reference"]
    else:
        asked |= {
            "code": {"code": "0000-0000-0000"},
            "reference": {"reference": "261118-000000-0"},
            "tenant": {"tenant": "nowhere"},
            "community": {"tenant": "yuhu"},
        }[wrong]
    answer = await intake.anybody().post("/v1/requests/follow", json=asked)
    problem(answer, 404, "nothing-to-follow")


async def test_the_same_key_files_once_and_gives_the_code_again_which_is_kept_nowhere(intake: Intake) -> None:
    client = intake.as_(Role.PORTAL, "mini", **{"Idempotency-Key": "ticket-1"})
    body = {**MATTER, "complainant": "anonymous"}
    first = await client.post("/v1/requests/without-resident", json=body)
    again = await client.post("/v1/requests/without-resident", json=body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    (row,) = await intake.rows("SELECT answer FROM idempotency_key")
    assert first.json()["follow_code"] not in row.answer
    assert len(await intake.published("request.filed")) == 1


async def test_where_a_community_does_not_take_them_they_are_refused(make_intake: Make) -> None:
    strict = await make_intake()
    body = {**MATTER, "complainant": "anonymous"}
    answer = await strict.as_(Role.PORTAL, "mini").post("/v1/requests/without-resident", json=body)
    problem(answer, 403, "anonymous-not-taken")
    # What its own people find on patrol is another matter.
    await file(strict, role=Role.WORKER, complainant="nobody", channel="patrol")


@pytest.mark.parametrize(("role", "channel"), [(Role.PORTAL, "patrol"), (Role.WORKER, "web")])
async def test_a_find_is_of_the_communitys_own_people_on_patrol(
    intake: Intake, role: Role, channel: str
) -> None:
    body = {**MATTER, "complainant": "nobody", "channel": channel}
    answer = await intake.as_(role, "x").post("/v1/requests/without-resident", json=body)
    problem(answer, 422, "patrol-only")


def test_codes_are_typed_in_any_spelling() -> None:
    code = code_of(new_id().bytes)
    assert len(code) == 14
    assert same_code(code, code)
    assert same_code(f" {code.lower().replace('-', ' ')}", code)
    assert same_code(code.replace("0", "O").replace("1", "l"), code)
    assert not same_code(code[:-1], code)
    assert not same_code("", code)
