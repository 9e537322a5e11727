"""What residents hear of their points and of a request that was reclassified."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from shared.contracts.intake import (
    PointsExpiryAnnounced,
    PointsPosted,
    PointsStated,
    RequestReclassified,
    Urgency,
)
from shared.database import new_id
from tests.services.notifications.conftest import Notifications
from tests.services.notifications.samples import assigned, filed

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def test_a_movement_of_points_tells_nobody_and_the_month_tells_all(
    notifications: Notifications,
) -> None:
    resident = new_id()
    await notifications.hear(PointsPosted(resident=resident, amount=2, balance=2, reason="attended"))
    await notifications.hear(
        PointsStated(
            resident=resident,
            month=date(2026, 11, 1),
            earned=4,
            spent=3,
            expired=0,
            minutes=150,
            balance=7,
        )
    )
    told = [(row.recipient, row.template) for row in await notifications.messages()]
    assert told == [(resident, "points.statement")]


async def test_points_that_expire_are_told_by_the_last_day_they_can_be_spent(
    notifications: Notifications,
) -> None:
    resident = new_id()
    gone = datetime(2028, 12, 1, tzinfo=SHANGHAI)
    await notifications.hear(PointsExpiryAnnounced(resident=resident, amount=2, expires=gone, balance=5))
    (row,) = await notifications.messages()
    assert (row.recipient, row.template) == (resident, "points.expiring")


async def test_a_new_time_limit_is_told_to_the_resident_and_a_new_category_only_to_the_worker(
    notifications: Notifications,
) -> None:
    resident, worker = new_id(), new_id()
    request = filed(resident)
    await notifications.hear(request, assigned(request, worker))

    def reclassified(*, changed: bool) -> RequestReclassified:
        return RequestReclassified(
            request=request.request,
            resident=resident,
            category="0201",
            urgency=Urgency.URGENT,
            due=request.due,
            due_changed=changed,
            reason="more_urgent",
        )

    before = len(await notifications.messages())
    await notifications.hear(reclassified(changed=False))
    await notifications.hear(reclassified(changed=True))
    told = [(row.recipient, row.template) for row in (await notifications.messages())[before:]]
    assert sorted(told, key=str) == sorted(
        [(worker, "case.reclassified"), (worker, "case.reclassified"), (resident, "request.reclassified")],
        key=str,
    )
