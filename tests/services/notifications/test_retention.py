"""What was told is kept for its time and then forgotten; what is still open is not."""

from datetime import timedelta

from sqlalchemy import text

from services.notifications.retention.jobs import retention
from shared.contracts.notifications import RecipientKind
from tests.services.notifications.conftest import Notifications
from tests.services.notifications.samples import filed


async def _counts(notifications: Notifications) -> tuple[int, int]:
    """Messages, and requests kept for their sake."""
    async with notifications.database.transaction("longxi") as session:
        messages = await session.scalar(text("SELECT count(*) FROM message"))
        requests = await session.scalar(text("SELECT count(*) FROM known_request"))
    return int(messages or 0), int(requests or 0)


async def test_finished_messages_are_forgotten_in_time_and_open_ones_are_not(
    notifications: Notifications,
) -> None:
    job = retention(
        notifications.database,
        notifications.runtime.tenants,
        notifications.clock,
        messages=timedelta(days=30),
        deliveries=timedelta(days=30),
    )
    await notifications.hear(filed(notifications.person()))
    await notifications.send()
    notifications.owners.away.add(RecipientKind.RESIDENT)
    await notifications.hear(filed(notifications.person()))
    before = await _counts(notifications)
    assert before == (2, 2)

    notifications.later(days=29)
    await job.run()
    assert await _counts(notifications) == before, "not yet"

    notifications.later(days=30)
    await job.run()
    assert await _counts(notifications) == (1, 1), "the one that is still open stays, with its request"
