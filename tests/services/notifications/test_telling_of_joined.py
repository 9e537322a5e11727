"""Who is joined to another's request is told when the other is, and as much; heads hear of hot spots."""

from typing import Any
from uuid import UUID

import pytest

from shared.contracts.intake import (
    HotSpotAnnounced,
    HotSpotCooled,
    Outcome,
    RequestDuplicated,
    RequestFiled,
    RequestFollowed,
    RequestSeparated,
)
from shared.database import new_id
from tests.services.notifications.conftest import HEAD, Notifications
from tests.services.notifications.samples import DUE, assigned, filed


def followed(request: RequestFiled, main: RequestFiled, what: str, **more: Any) -> RequestFollowed:
    return RequestFollowed(
        request=request.request, resident=request.resident, of=main.request, what=what, due=DUE, **more
    )


async def told(notifications: Notifications, event: str) -> set[tuple[UUID, str]]:
    return {(row.recipient, row.template) for row in await notifications.messages(event=event)}


@pytest.mark.parametrize(
    ("what", "more", "template"),
    [
        ("accept", {}, None),
        ("dispatch", {}, "request.followed"),
        ("submit", {}, "request.followed"),
        ("due_changed", {}, "request.followed"),
        ("close", {"outcome": Outcome.RESOLVED}, "request.followed_closed"),
        ("reject", {"reason": "out_of_area"}, "request.followed_rejected"),
    ],
)
async def test_each_step_of_the_other_one(
    notifications: Notifications, what: str, more: dict[str, Any], template: str | None
) -> None:
    resident = notifications.person(phone="19900001234")
    main, request = filed(new_id(), reference="261125-000002-7"), filed(resident)
    await notifications.hear(main, request)
    (envelope,) = await notifications.hear(followed(request, main, what, **more))
    await notifications.deliver(envelope)
    expected = set() if template is None else {(resident, template)}
    assert await told(notifications, "request.followed") == expected
    assert len(await notifications.messages(event="request.followed")) == len(expected)
    await notifications.send()


async def test_moving_along_tells_the_resident_and_no_worker(notifications: Notifications) -> None:
    resident, worker = new_id(), new_id()
    request = filed(resident)
    await notifications.hear(request, assigned(request, worker))
    await notifications.hear(
        RequestDuplicated(request=request.request, resident=resident, duplicate_of=new_id(), moved=True)
    )
    assert await told(notifications, "request.duplicated") == {(resident, "request.duplicated")}


@pytest.mark.parametrize("promoted", [False, True])
async def test_standing_alone_again(notifications: Notifications, promoted: bool) -> None:
    resident = new_id()
    request = filed(resident)
    await notifications.hear(request)
    await notifications.hear(
        RequestSeparated(request=request.request, resident=resident, of=new_id(), due=DUE, promoted=promoted)
    )
    template = "request.promoted" if promoted else "request.separated"
    assert await told(notifications, "request.separated") == {(resident, template)}


async def test_the_head_hears_of_a_hot_spot_once(notifications: Notifications) -> None:
    values: dict[str, Any] = {
        "hot_spot": new_id(),
        "category": "0102",
        "place": "龙溪花园",
        "heat": 34,
        "requests": 4,
        "residents": 3,
        "votes": 1,
        "first": DUE,
        "last": DUE,
    }
    (envelope,) = await notifications.hear(HotSpotAnnounced(**values))
    await notifications.deliver(envelope)
    await notifications.hear(
        HotSpotAnnounced(**{**values, "hot_spot": new_id(), "place": None, "category": None})
    )
    await notifications.hear(HotSpotCooled(**values))
    rows = [row for row in await notifications.messages() if row.template == "hot_spot.announced"]
    assert [row.recipient for row in rows] == [HEAD, HEAD]
    await notifications.send()
