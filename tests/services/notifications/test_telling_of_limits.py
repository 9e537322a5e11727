"""Who is told when a limit moves: once, with the new time, and not where nothing moved."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.contracts.intake import (
    Outcome,
    RequestClosed,
    RequestDueChanged,
    RequestFiled,
    RequestReopened,
    RequestSupervised,
)
from shared.database import new_id
from tests.services.notifications.conftest import Notifications
from tests.services.notifications.samples import DUE, assigned, filed

EARLIER = DUE - timedelta(days=3)


def supervised(request: RequestFiled) -> RequestSupervised:
    return RequestSupervised(
        request=request.request,
        resident=request.resident,
        reason="safety_hazard",
        due=EARLIER,
        due_provisional=True,
        due_before=DUE,
    )


def due_changed(request: RequestFiled, *, moved: bool) -> RequestDueChanged:
    return RequestDueChanged(
        request=request.request,
        resident=request.resident,
        due=EARLIER if moved else DUE,
        due_before=DUE,
        due_changed=moved,
        reason="holiday_notice",
    )


async def told(notifications: Notifications, event: str) -> set[tuple[UUID, str]]:
    return {(row.recipient, row.template) for row in await notifications.messages(event=event)}


async def test_of_supervision_the_resident_and_the_worker_are_told_once(notifications: Notifications) -> None:
    resident = notifications.person(phone="19900001234")
    request, worker = filed(resident), new_id()
    await notifications.hear(request, assigned(request, worker))
    (envelope,) = await notifications.hear(supervised(request))
    await notifications.deliver(envelope)
    assert await told(notifications, "request.supervised") == {
        (resident, "request.supervised"),
        (worker, "case.supervised"),
    }
    assert len(await notifications.messages(event="request.supervised")) == 2


@pytest.mark.parametrize("moved", [True, False])
async def test_of_a_new_calendar_the_resident_is_told_where_the_time_moved(
    notifications: Notifications, moved: bool
) -> None:
    resident = notifications.person(phone="19900001234")
    request, worker = filed(resident), new_id()
    await notifications.hear(request, assigned(request, worker))
    await notifications.hear(due_changed(request, moved=moved))
    expected = {(resident, "request.due_changed")} if moved else set()
    assert await told(notifications, "request.due_changed") == expected


async def test_later_messages_name_the_new_limit(notifications: Notifications) -> None:
    request = filed(notifications.person(phone="19900001234"), due_provisional=True)
    await notifications.hear(request)

    async def known() -> tuple[object, bool]:
        async with notifications.database.transaction("longxi") as session:
            row = (await session.execute(text("SELECT due, due_provisional FROM known_request"))).one()
        return row.due, row.due_provisional

    await notifications.hear(due_changed(request, moved=False))
    assert await known() == (DUE, False)
    await notifications.hear(supervised(request))
    assert await known() == (EARLIER, True)
    again = RequestReopened(
        request=request.request, resident=request.resident, reason="came_back", due=DUE, round=1
    )
    await notifications.hear(again)
    assert await known() == (DUE, False)


async def test_a_part_has_a_receipt_of_its_own_kind(notifications: Notifications) -> None:
    resident = notifications.person(phone="19900001234")
    whole = filed(resident)
    await notifications.hear(whole, filed(resident, parent=whole.request))
    assert [row.template for row in await notifications.messages()] == ["request.filed", "request.part_filed"]


@pytest.mark.parametrize(("answered", "template"), [(False, "request.closed"), (True, "request.answered")])
async def test_the_closing_notice_says_whether_there_is_an_answer(
    notifications: Notifications, answered: bool, template: str
) -> None:
    request = filed(notifications.person(phone="19900001234"))
    await notifications.hear(request)
    await notifications.hear(
        RequestClosed(
            request=request.request,
            resident=request.resident,
            outcome=Outcome.RESOLVED,
            within_limit=True,
            working_minutes=90,
            answered=answered,
        )
    )
    assert await told(notifications, "request.closed") == {(request.resident, template)}
