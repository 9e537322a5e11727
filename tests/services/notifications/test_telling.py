"""Each person is told once of each event, in the right words, whatever is delivered again."""

from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, event

from services.notifications.sending.rules import Contact
from shared.contracts.casework import CaseTransferred, WorkerOverloaded
from shared.contracts.intake import ActivityCancelled, RequestReworked, RequestWithdrawn, ResidentErased
from shared.database import new_id
from tests.services.notifications.conftest import HEAD, Notifications
from tests.services.notifications.samples import assigned, closed, filed, matched, returned


def _told(rows: list[object]) -> set[tuple[UUID, str]]:
    return {(row.recipient, row.template) for row in rows}  # type: ignore[attr-defined]


async def test_filing_and_assignment_tell_resident_and_worker(notifications: Notifications) -> None:
    resident, worker = new_id(), new_id()
    request = filed(resident)
    await notifications.hear(request, assigned(request, worker))
    assert _told(await notifications.messages()) == {
        (resident, "request.filed"),
        (resident, "request.assigned"),
        (worker, "case.assigned"),
    }


async def test_redelivery_makes_no_second_message(notifications: Notifications) -> None:
    request = filed(new_id())
    (envelope,) = await notifications.hear(request)
    await notifications.deliver(envelope)
    await notifications.send()
    await notifications.deliver(envelope)
    assert len(await notifications.messages()) == 1


async def test_a_batch_of_events_makes_one_message_for_each_recipient(notifications: Notifications) -> None:
    requests = [filed(new_id()) for _ in range(300)]
    envelopes = [notifications.envelope(request) for request in requests]
    await notifications.deliver(*envelopes)
    # The second time with one that is new: the others stay as they are.
    fresh = notifications.envelope(filed(new_id()))
    await notifications.deliver(*envelopes, fresh)
    assert len(await notifications.messages()) == 301


async def test_activities_with_thousands_of_people_are_told_in_pieces(notifications: Notifications) -> None:
    everyone = [new_id() for _ in range(2000)]
    called_off = [
        ActivityCancelled(
            activity=new_id(), kind="sport", number=12, reason="weather", contacts=tuple(everyone[part])
        )
        for part in (slice(0, 1100), slice(900, 2000))
    ]
    envelopes = [notifications.envelope(one) for one in called_off]
    made: list[int] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "INSERT INTO message" in statement:
            made.append(len(parameters[0]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await notifications.deliver(*envelopes)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert made == [2000, 200]
    await notifications.deliver(*envelopes)
    rows = await notifications.messages()
    assert Counter((row.event_id, row.recipient) for row in rows) == {
        (envelope.id, person): 1
        for envelope, one in zip(envelopes, called_off, strict=True)
        for person in one.contacts
    }
    assert {row.facts["activity_cancel_reason"] for row in rows} == {"weather"}


async def test_requests_of_the_past_tell_nobody(notifications: Notifications) -> None:
    request = filed(new_id(), history=True)
    await notifications.hear(request, closed(request))
    assert await notifications.messages() == []


async def test_after_the_first_return_the_resident_is_told_and_after_the_second_the_head(
    notifications: Notifications,
) -> None:
    request, worker = filed(new_id()), new_id()
    await notifications.hear(request)
    await notifications.hear(returned(request, worker, 1))
    await notifications.hear(returned(request, worker, 2))
    told = [(row.recipient, row.template) for row in await notifications.messages()]
    assert told[1:] == [(request.resident, "request.returned"), (HEAD, "case.needs_decision")]


async def test_the_worker_who_holds_the_case_learns_that_it_stopped(notifications: Notifications) -> None:
    request, first, second = filed(new_id()), new_id(), new_id()
    transfer = CaseTransferred(
        request=request.request, worker=second, previous=first, resident=request.resident
    )
    withdrawal = RequestWithdrawn(request=request.request, resident=request.resident)
    await notifications.hear(request, assigned(request, first), transfer, withdrawal)
    assert (await notifications.message(template="case.stopped")).recipient == second


async def test_nobody_holds_a_case_that_was_returned(notifications: Notifications) -> None:
    request, worker = filed(new_id()), new_id()
    rework = RequestReworked(request=request.request, resident=request.resident, reason="not_solved", round=1)
    await notifications.hear(request, assigned(request, worker), returned(request, worker, 1), rework)
    assert await notifications.messages(template="case.reworked") == []


async def test_an_old_assignment_that_arrives_late_does_not_make_anyone_the_holder(
    notifications: Notifications,
) -> None:
    request, first, second = filed(new_id()), new_id(), new_id()
    await notifications.hear(request)
    await notifications.deliver(notifications.envelope(assigned(request, second), sequence=4))
    await notifications.deliver(notifications.envelope(assigned(request, first), sequence=1))
    await notifications.hear(RequestWithdrawn(request=request.request, resident=request.resident))
    assert (await notifications.message(template="case.stopped")).recipient == second


async def test_overload_is_told_to_the_worker_and_the_head(notifications: Notifications) -> None:
    worker = new_id()
    await notifications.hear(WorkerOverloaded(worker=worker, load=2500, cap=2400))
    assert _told(await notifications.messages()) == {
        (worker, "worker.overloaded"),
        (HEAD, "worker.overload_report"),
    }


async def test_tenants_are_apart(notifications: Notifications) -> None:
    await notifications.hear(matched(new_id()), tenant="yuhu")
    assert await notifications.messages(tenant="longxi") == []
    assert len(await notifications.messages(tenant="yuhu")) == 1


async def test_an_erased_resident_is_told_nothing_more(notifications: Notifications) -> None:
    resident = notifications.person(phone="19900001234")
    await notifications.hear(filed(resident), ResidentErased(resident=resident))
    row = await notifications.message()
    assert (row.state, row.reason) == ("permanent_failure", "recipient_erased")
    assert await notifications.send() == 0
    assert len(await notifications.published("message.failed")) == 1


async def test_a_contact_is_dropped_with_the_resident(notifications: Notifications) -> None:
    resident = notifications.person(name="张三", phone="19900001234")
    await notifications.contacts.of("longxi", "resident", [resident])  # type: ignore[arg-type]
    assert await notifications.cache.get("contact", "longxi", str(resident)) is not None
    await notifications.hear(ResidentErased(resident=resident))
    assert await notifications.cache.get("contact", "longxi", str(resident)) is None
    notifications.owners.contacts[resident] = Contact()
