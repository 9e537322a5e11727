"""Messages for the inbox are delivered by the transaction that makes them, where the recipient is known."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.notifications.sending import sender
from shared.contracts.notifications import RecipientKind
from shared.testing.smtp_server import SmtpServer
from tests.services.notifications.conftest import Notifications
from tests.services.notifications.samples import assigned, filed

MAIL = "zhang.san@example.com"


async def _known(notifications: Notifications, **contact: str) -> UUID:
    """A resident whose contact has been asked for."""
    resident = notifications.person(**contact)
    await notifications.contacts.of("longxi", RecipientKind.RESIDENT, [resident])
    return resident


async def test_who_is_known_and_has_no_address_is_told_at_once(notifications: Notifications) -> None:
    (event,) = await notifications.hear(filed(await _known(notifications)))
    row = await notifications.message()
    assert (row.state, row.channel, row.attempts) == ("delivered", "inapp", 1)
    assert (row.lease, row.not_before) == (None, None)
    ((published, data),) = await notifications.published("message.delivered")
    assert (published.correlation, published.causation, data.message) == (
        event.correlation,
        event.id,
        row.id,
    )
    assert await notifications.send() == 0


async def test_who_has_an_address_is_left_to_the_senders(
    notifications: Notifications, post: SmtpServer
) -> None:
    await notifications.hear(filed(await _known(notifications, email=MAIL)))
    row = await notifications.message()
    assert (row.state, row.attempts) == ("created", 0)
    assert row.not_before == notifications.clock(), "it is due for everyone"
    await notifications.send()
    assert (await notifications.message()).state == "delivered"
    assert len(post.office.to(MAIL)) == 1


async def test_who_is_not_known_is_asked_for_meanwhile(notifications: Notifications) -> None:
    resident = notifications.person()
    await notifications.hear(filed(resident))
    assert (await notifications.message()).state == "created"
    await notifications.send()
    assert (await notifications.message()).state == "delivered"
    assert notifications.owners.asked == [[resident]]


async def test_an_event_of_long_ago_tells_nobody(notifications: Notifications) -> None:
    request = filed(await _known(notifications))
    old = notifications.envelope(request, time=notifications.clock() - timedelta(days=4))
    await notifications.deliver(old)
    assert (await notifications.message()).state == "created"
    assert await notifications.published() == []


async def test_an_import_is_left_to_the_senders(notifications: Notifications) -> None:
    resident = await _known(notifications)
    await notifications.deliver(*(notifications.envelope(filed(resident)) for _ in range(51)))
    assert {row.state for row in await notifications.messages()} == {"created"}
    assert await notifications.send() == 51


async def test_an_assignment_heard_before_its_request_waits(notifications: Notifications) -> None:
    request = filed(await _known(notifications))
    await notifications.hear(assigned(request, notifications.person()))
    assert (await notifications.message(recipient_kind="resident")).state == "created"


async def test_a_plan_that_fails_does_not_keep_the_message_from_being_made(
    notifications: Notifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = await _known(notifications)

    def broken(*_: object, **__: object) -> None:
        raise KeyError("name")

    with monkeypatch.context() as patch:
        patch.setattr(sender, "plan", broken)
        await notifications.hear(filed(resident))
    assert (await notifications.message()).state == "created"
    await notifications.send()
    assert (await notifications.message()).state == "delivered"
