"""A copy of all that is held of a person."""

from shared.security import Role
from tests.services.intake.conftest import CONCERN, Intake
from tests.services.intake.test_consents import PURPOSE, publish
from tests.support.web import problem


async def test_a_resident_gets_all_that_is_held_of_them_and_it_is_a_read(intake: Intake) -> None:
    resident = await intake.resident(address="龙溪花园3栋2单元501室")
    receipt = await intake.file(resident)
    await intake.as_().get(f"/v1/residents/{resident}", headers={"X-Purpose": "visit"})
    text = await publish(intake)
    own = intake.as_(Role.RESIDENT, resident)
    await own.post(
        f"/v1/residents/{resident}/consents", json={"purpose": PURPOSE, "given": True, "text": text["id"]}
    )
    await intake.as_().post("/v1/households", json={"head": resident, "address": "龙溪花园3栋"})
    await own.put(
        f"/v1/residents/{resident}/emergency-contacts",
        json={"contacts": [{"name": "李四", "phone": "19900005678", "relation": "child"}]},
        headers={"If-Match": '"1"'},
    )
    answer = await own.get(f"/v1/residents/{resident}/export")
    assert answer.status_code == 200, answer.text
    parts = {part["name"]: part["items"] for part in answer.json()["parts"]}
    assert set(parts) >= {
        *("records", "requests", "reads", "read_questions", "consents", "households"),
        *("guardianships", "emergency_contacts"),
    }
    assert parts["records"][0]["name"] == "张三"
    (request,) = parts["requests"]
    assert (request["reference"], request["body"]) == (receipt["reference"], CONCERN["body"])
    assert [entry["entry"] for entry in request["story"]]
    assert parts["reads"][0]["purpose"] == "visit"
    assert parts["consents"][0]["text"] == text["zh"]
    assert parts["households"][0]["address"] == "龙溪花园3栋"
    assert parts["emergency_contacts"] == [{"name": "李四", "phone": "19900005678", "relation": "child"}]
    (last, *_) = (await own.get(f"/v1/residents/{resident}/reads")).json()["items"]
    assert (last["purpose"], last["fields"]) == ("own_access", ["everything"])


async def test_it_can_be_printed_and_what_was_typed_is_no_html(intake: Intake) -> None:
    resident = await intake.resident(name="<script>alert(1)</script>")
    page = await intake.as_(Role.RESIDENT, resident).get(f"/v1/residents/{resident}/export/page")
    assert page.headers["content-type"].startswith("text/html")
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "个人信息副本 Copy of personal data" in page.text


async def test_nobody_gets_another_s(intake: Intake) -> None:
    resident, other = await intake.resident(), await intake.resident()
    path = f"/v1/residents/{resident}/export"
    problem(await intake.as_(Role.RESIDENT, other).get(path), 404, "resident-not-found")
    problem(await intake.as_(Role.WORKER).get(path), 403, "not-permitted")
    assert (await intake.as_(Role.HEAD, "head-1").get(path)).status_code == 200
