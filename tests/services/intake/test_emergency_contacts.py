"""Emergency contacts: sealed, in order, given to the service that calls them, and gone with the resident."""

from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.support.web import problem

SON = {"name": "张小宝", "phone": "199 0000 5678", "relation": "child"}
NEIGHBOUR = {"name": "李四", "phone": "19900009999", "relation": "not_related"}


async def test_they_are_kept_in_the_order_of_calling_and_each_read_is_recorded(intake: Intake) -> None:
    resident = await intake.resident()
    path = f"/v1/residents/{resident}/emergency-contacts"
    body = {"contacts": [SON, NEIGHBOUR]}
    problem(await intake.as_().put(path, json=body), 428, "precondition-required")
    changed = await intake.as_().put(path, json=body, headers={"If-Match": '"1"'})
    assert changed.json() == {"id": resident, "version": 2}
    service = intake.as_(Role.SERVICE, "notifications")
    given = await service.post("/v1/emergency-contacts", json={"residents": [resident]})
    assert [(one["name"], one["phone"]) for one in given.json()["contacts"]] == [
        ("张小宝", "19900005678"),
        ("李四", "19900009999"),
    ]
    reads = (await intake.as_(Role.RESIDENT, resident).get(f"/v1/residents/{resident}/reads")).json()["items"]
    assert (reads[0]["purpose"], reads[0]["fields"]) == ("emergency", ["emergency_contacts"])
    rows = await intake.rows("SELECT emergency_contact::text AS text FROM emergency_contact")
    assert len(rows) == 2
    assert not any("张小宝".encode().hex() in row.text or "19900005678" in row.text for row in rows)


async def test_they_are_replaced_and_go_with_the_resident(intake: Intake) -> None:
    resident = await intake.resident()
    path = f"/v1/residents/{resident}/emergency-contacts"
    await intake.as_().put(path, json={"contacts": [SON, NEIGHBOUR]}, headers={"If-Match": '"1"'})
    await intake.as_().put(path, json={"contacts": [NEIGHBOUR]}, headers={"If-Match": '"2"'})
    assert len((await intake.as_().get(path)).json()["contacts"]) == 1
    await intake.as_(Role.HEAD, "head-1").delete(f"/v1/residents/{resident}")
    problem(await intake.as_().get(path), 410, "resident-erased")
    assert await intake.rows("SELECT id FROM emergency_contact") == []
