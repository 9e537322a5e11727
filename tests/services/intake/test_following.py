"""Intake follows casework: each event in its place, and one that no longer fits changes nothing."""

from datetime import timedelta
from uuid import UUID

from shared.contracts.casework import (
    CaseAccepted,
    CaseSubmitted,
    CaseTransferred,
    WorkerReassigned,
)
from shared.database import new_id
from shared.security import Role
from tests.services.intake.conftest import Intake, assigned


async def test_a_late_event_is_written_down_and_changes_nothing(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    await intake.as_(Role.RESIDENT, resident).post(f"/v1/requests/{id}/withdraw")
    before = await intake.read(id)
    published = await intake.published()
    await intake.receive(assigned(id, resident, new_id()))
    assert await intake.read(id) == before
    assert await intake.published() == published
    last = (await intake.story(id))[-1]
    assert (last["entry"], last["to_state"], last["details"]) == (
        "late",
        "withdrawn",
        {"event": "worker.assigned"},
    )


async def test_one_late_event_of_a_batch_holds_up_no_other(intake: Intake) -> None:
    resident = await intake.resident()
    gone, first, second = [(await intake.file(resident))["id"] for _ in range(3)]
    await intake.as_(Role.RESIDENT, resident).post(f"/v1/requests/{gone}/withdraw")
    await intake.receive(*(assigned(id, resident, new_id()) for id in (first, gone, second)))
    states = [(await intake.read(id))["state"] for id in (gone, first, second)]
    assert states == ["withdrawn", "dispatched", "dispatched"]


async def test_an_event_about_an_unknown_request_is_passed_over(intake: Intake) -> None:
    await intake.receive(assigned(str(new_id()), str(new_id()), new_id()))
    assert await intake.rows("SELECT id FROM request_story") == []


async def test_what_follows_from_an_event_names_it_as_its_cause(intake: Intake) -> None:
    resident = await intake.resident()
    ids = [(await intake.file(resident))["id"] for _ in range(2)]
    await intake.receive(*(assigned(id, resident, new_id()) for id in ids))
    causes = await intake.rows("SELECT causation FROM outbox WHERE type = 'request.accepted'")
    assert len({row.causation for row in causes if row.causation is not None}) == 2


async def test_another_worker_has_to_sign_and_one_who_took_over_has_signed(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    first, second, third = new_id(), new_id(), new_id()
    about = {"request": UUID(id), "resident": UUID(resident)}
    await intake.receive(assigned(id, resident, first))
    await intake.receive(CaseAccepted(**about, worker=first, within_limit=True))
    moved = WorkerReassigned(
        **about,
        worker=second,
        previous=first,
        reasons=("absence",),
        load_before=0,
        load_after=30,
        due=intake.clock(),
    )
    await intake.receive(moved)
    record = await intake.read(id)
    assert (record["state"], record["worker"]) == ("dispatched", str(second))
    await intake.receive(CaseAccepted(**about, worker=second, within_limit=True))
    await intake.receive(CaseTransferred(**about, worker=third, previous=second))
    record = await intake.read(id)
    assert (record["state"], record["worker"]) == ("in_progress", str(third))
    assert [entry["entry"] for entry in await intake.story(id)][-4:] == [
        "start", "reassign", "start", "take_over",
    ]  # fmt: skip


async def test_a_second_assignment_counts(intake: Intake) -> None:
    """Casework came back from a backup older than its first decision, and decided anew."""
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    first, second = new_id(), new_id()
    await intake.receive(assigned(id, resident, first))
    await intake.receive(assigned(id, resident, second))
    record = await intake.read(id)
    assert (record["state"], record["worker"]) == ("dispatched", str(second))


async def test_handling_is_dated_by_when_it_happened_not_by_when_it_was_heard(intake: Intake) -> None:
    resident = await intake.resident()
    receipt = await intake.file(resident, urgency="emergency")  # 2 working hours: due at 12:00
    id, worker = receipt["id"], new_id()
    at = intake.clock() + timedelta(hours=1)
    about = {"request": UUID(id), "resident": UUID(resident)}
    intake.clock.advance(timedelta(hours=9))  # the consumer was down the whole day
    await intake.receive(assigned(id, resident, worker), at=at)
    await intake.receive(CaseAccepted(**about, worker=worker, within_limit=True), at=at)
    await intake.receive(CaseSubmitted(**about, worker=worker, result="fixed", effort=20), at=at)
    record = await intake.read(id)
    assert (record["within_limit"], record["working_minutes"]) == (True, 60)


async def test_handling_after_the_limit_is_late(intake: Intake) -> None:
    resident = await intake.resident()
    receipt = await intake.file(resident, urgency="emergency")
    intake.clock.advance(timedelta(hours=2, minutes=1))
    await intake.handled(receipt["id"], resident)
    await intake.move(receipt["id"], "verify")
    await intake.move(receipt["id"], "close", {"outcome": "resolved"})
    (event,) = await intake.published("request.closed")
    assert (event["within_limit"], event["working_minutes"]) == (False, 120)  # the lunch break began at 12:00
