"""How far an import has come is counted from the requests, not from what an importer believes."""

from typing import Any
from uuid import UUID

from shared.contracts.notifications import MessageDelivered, MessageFailed, RecipientKind
from shared.database import new_id
from shared.security import Role
from tests.services.intake.conftest import Intake, assigned
from tests.services.intake.test_bulk import bulk, row


def delivered(
    request: str, recipient: UUID, kind: RecipientKind, event: str = "worker.assigned"
) -> MessageDelivered:
    return MessageDelivered(
        message=new_id(),
        about=UUID(request),
        event=event,
        recipient=recipient,
        recipient_kind=kind,
        channel="inapp",
        template="request_assigned",
        attempt=1,
    )


async def progress(intake: Intake, ids: list[str] | None = None) -> tuple[int, int, int]:
    client = intake.as_(Role.OPERATOR, "operator-1")
    if ids is None:
        answer = await client.get("/v1/imports/mayors-letters/progress")
    else:
        body: dict[str, Any] = {"source": "mayors-letters", "external_ids": ids}
        answer = await client.post("/v1/imports/progress", json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return found["filed"], found["assigned"], found["told"]


async def test_progress_counts_filed_assigned_and_told(intake: Intake) -> None:
    result = await bulk(intake, [row(number) for number in range(4)])
    ids = [each["id"] for each in result["results"]]
    resident = {id: (await intake.read(id))["resident"] for id in ids}
    assert await progress(intake) == (4, 0, 0)

    worker = new_id()
    await intake.receive(*(assigned(id, resident[id], worker) for id in ids[:3]))
    assert await progress(intake) == (4, 3, 0)

    # Both have to have their message: the worker's alone is not enough.
    await intake.receive(*(delivered(id, worker, RecipientKind.WORKER) for id in ids[:3]))
    assert await progress(intake) == (4, 3, 0)
    await intake.receive(*(delivered(id, UUID(resident[id]), RecipientKind.RESIDENT) for id in ids[:2]))
    assert await progress(intake) == (4, 3, 2)
    assert await progress(intake, ["M0", "M1", "M3", "M99"]) == (3, 2, 2)


async def test_other_messages_and_failed_ones_do_not_count_as_told(intake: Intake) -> None:
    result = await bulk(intake, [row(0)])
    id = result["results"][0]["id"]
    resident, worker = (await intake.read(id))["resident"], new_id()
    await intake.receive(assigned(id, resident, worker))
    await intake.receive(delivered(id, worker, RecipientKind.WORKER))
    await intake.receive(delivered(id, UUID(resident), RecipientKind.RESIDENT, event="request.filed"))
    failed = delivered(id, UUID(resident), RecipientKind.RESIDENT)
    await intake.receive(MessageFailed(**failed.model_dump(), state="expired", reason="no_answer"))
    assert await progress(intake) == (1, 1, 0)


async def test_told_and_not_told_stand_in_the_story(intake: Intake) -> None:
    resident = await intake.resident()
    receipt = await intake.file(resident)
    await intake.receive(delivered(receipt["id"], UUID(resident), RecipientKind.RESIDENT, "request.filed"))
    failed = delivered(receipt["id"], UUID(resident), RecipientKind.RESIDENT, "request.filed")
    await intake.receive(MessageFailed(**failed.model_dump(), state="expired", reason="no_answer"))
    entries = [(entry["entry"], entry["reason"]) for entry in await intake.story(receipt["id"])]
    assert sorted(entries[1:]) == [("not_told", "expired"), ("told", None)]


async def test_a_message_about_something_else_is_passed_over(intake: Intake) -> None:
    await intake.receive(delivered(str(new_id()), new_id(), RecipientKind.RESIDENT))
    assert await intake.rows("SELECT message FROM request_telling") == []


async def test_the_same_message_is_kept_once(intake: Intake) -> None:
    receipt = await intake.file()
    message = delivered(receipt["id"], new_id(), RecipientKind.WORKER)
    await intake.receive(message)
    await intake.receive(message)
    assert len(await intake.rows("SELECT message FROM request_telling")) == 1
