"""A message that is due and that no sender takes is seen; one that waits for its time is not."""

from services.notifications.sending.measures import overdue
from services.notifications.sending.queries import next_due
from services.notifications.webhooks.queries import next_due as next_delivery_due
from shared.observing.measuring import Measuring
from tests.services.notifications.conftest import Notifications
from tests.services.notifications.samples import filed
from tests.support.numbers import number


async def test_what_is_due_and_not_taken_is_seen(notifications: Notifications) -> None:
    measure = overdue(
        notifications.database,
        notifications.runtime.tenants,
        notifications.clock,
        {"message": next_due, "webhook": next_delivery_due},
    )
    look = Measuring([measure], fresh=0)
    await look()
    assert number("sending_overdue_seconds", what="message") == 0
    await notifications.hear(filed(notifications.person(phone="19900001111")))
    notifications.later(minutes=2)
    await look()
    assert number("sending_overdue_seconds", what="message") == 120
    assert number("sending_overdue_seconds", what="webhook") == 0
    await notifications.send()
    await look()
    assert number("sending_overdue_seconds", what="message") == 0
