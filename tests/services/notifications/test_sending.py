"""Messages reach their channel, once, as the state machine says, whatever fails on the way."""

import asyncio
from datetime import timedelta

import pytest

from services.notifications.messages.actions import Begun, Moved, begin, finish
from services.notifications.messages.jobs import expiry
from services.notifications.messages.rules import Move
from services.notifications.sending.queries import claim
from shared.contracts.intake import Urgency
from shared.contracts.notifications import RecipientKind
from shared.database import new_id
from shared.testing.smtp_server import SmtpServer
from tests.services.notifications.conftest import Notifications
from tests.services.notifications.samples import REFERENCE, assigned, filed

MAIL = "zhang.san@example.com"
PHONE = "19900001234"


async def test_who_has_no_address_is_told_in_the_inbox(notifications: Notifications) -> None:
    (event,) = await notifications.hear(filed(notifications.person()))
    await notifications.send()
    row = await notifications.message()
    assert (row.state, row.channel, row.attempts) == ("delivered", "inapp", 1)
    ((published, data),) = await notifications.published("message.delivered")
    assert (published.correlation, published.causation) == (event.correlation, event.id)
    assert (data.about, data.recipient, data.channel, data.event) == (
        event.subject,
        row.recipient,
        "inapp",
        "request.filed",
    )


async def test_a_mail_arrives_with_number_limit_and_name(
    notifications: Notifications, post: SmtpServer
) -> None:
    await notifications.hear(filed(notifications.person(name="张三", email=MAIL)))
    await notifications.send()
    (mail,) = post.office.to(MAIL)
    row = await notifications.message()
    assert row.state == "delivered"
    assert mail.text.startswith("张三，您好：")
    assert REFERENCE in mail.subject
    assert "11月19日周四17:30" in mail.text
    assert mail.message["Message-ID"] == f"<{row.id}@longxi.example>"
    assert "龙溪社区" in str(mail.message["From"])
    assert mail.message["Auto-Submitted"] == "auto-generated"


async def test_who_reads_english_gets_english(notifications: Notifications, post: SmtpServer) -> None:
    await notifications.hear(filed(notifications.person(name="Li Si", email=MAIL, language="en")))
    await notifications.send()
    (mail,) = post.office.to(MAIL)
    assert mail.text.startswith("Dear Li Si,")
    assert "Thu 19 Nov 17:30" in mail.text


async def test_a_refused_mailbox_is_a_permanent_failure(
    notifications: Notifications, post: SmtpServer
) -> None:
    post.office.replies[MAIL] = ["550 5.1.1 no such mailbox"]
    await notifications.hear(filed(notifications.person(email=MAIL)))
    await notifications.send()
    row = await notifications.message()
    assert (row.state, row.reason, row.attempts) == ("permanent_failure", "smtp_550", 1)
    ((_, data),) = await notifications.published("message.failed")
    assert (data.state, data.reason) == ("permanent_failure", "smtp_550")
    notifications.later(days=1)
    assert await notifications.send() == 0


async def test_a_temporary_failure_is_retried_at_once_and_then_every_five_minutes(
    notifications: Notifications, post: SmtpServer
) -> None:
    post.office.replies[MAIL] = ["450 4.2.0 later"] * 3
    await notifications.hear(filed(notifications.person(email=MAIL)))
    await notifications.send()
    assert (await notifications.message()).attempts == 2
    notifications.later(minutes=4, seconds=59)
    assert await notifications.send() == 0
    notifications.later(seconds=1)
    await notifications.send()
    assert (await notifications.message()).state == "temporary_failure"
    assert await notifications.published() == []
    notifications.later(minutes=5)
    await notifications.send()
    assert (await notifications.message()).state == "delivered"
    assert len(await notifications.published()) == 1
    assert len(post.office.to(MAIL)) == 1


async def test_after_48_retries_it_is_a_technical_failure(
    notifications: Notifications, post: SmtpServer
) -> None:
    post.office.replies[MAIL] = ["450 4.2.0 later"] * 100
    await notifications.hear(filed(notifications.person(email=MAIL)))
    for _ in range(60):
        await notifications.send()
        notifications.later(minutes=5)
    row = await notifications.message()
    assert (row.state, row.attempts) == ("technical_failure", 49)
    assert len(post.office.replies[MAIL]) == 51


async def test_contacts_that_are_away_use_up_no_attempt(notifications: Notifications) -> None:
    notifications.owners.away.add(RecipientKind.RESIDENT)
    request = filed(notifications.person())
    await notifications.hear(request, assigned(request, notifications.person()))
    for _ in range(100):
        await notifications.send()
        notifications.later(minutes=5)
    waiting = await notifications.messages(recipient_kind="resident")
    assert {(row.state, row.attempts, row.reason) for row in waiting} == {
        ("created", 0, "contacts_unavailable")
    }
    # The worker's contact comes from another service, which answers.
    assert (await notifications.message(recipient_kind="worker")).state == "delivered"
    notifications.owners.away.clear()
    await notifications.send()
    assert {row.state for row in await notifications.messages()} == {"delivered"}


async def test_an_assignment_heard_before_its_request_waits_for_the_number(
    notifications: Notifications, post: SmtpServer
) -> None:
    request = filed(notifications.person(email=MAIL))
    await notifications.hear(assigned(request, notifications.person()))
    await notifications.send()
    assert {row.reason for row in await notifications.messages()} == {"waits_for_request"}
    await notifications.hear(request)
    notifications.later(seconds=10)
    await notifications.send()
    assert {row.state for row in await notifications.messages()} == {"delivered"}
    assert all(REFERENCE in mail.subject for mail in post.office.to(MAIL))


async def test_whom_nobody_knows_is_not_told(notifications: Notifications) -> None:
    await notifications.hear(filed(new_id()))
    await notifications.send()
    row = await notifications.message()
    assert (row.state, row.reason, row.attempts) == ("permanent_failure", "unknown_recipient", 0)


async def test_at_night_an_sms_waits_for_the_morning(notifications: Notifications) -> None:
    notifications.later(hours=12)  # 22:00 in Shanghai
    await notifications.hear(filed(notifications.person(phone=PHONE)))
    await notifications.send()
    row = await notifications.message()
    assert (row.state, row.reason, row.attempts) == ("created", "quiet_hours", 0)
    assert row.not_before == notifications.clock() + timedelta(hours=9, minutes=30)
    notifications.later(hours=9, minutes=29)
    assert await notifications.send() == 0
    notifications.later(minutes=1)
    await notifications.send()
    assert len(notifications.gateway.network.to(PHONE)) == 1


async def test_an_emergency_rings_at_night(notifications: Notifications) -> None:
    notifications.later(hours=12)
    await notifications.hear(filed(notifications.person(phone=PHONE), urgency=Urgency.EMERGENCY))
    await notifications.send()
    assert len(notifications.gateway.network.to(PHONE)) == 1


async def test_a_sender_whose_lease_ran_out_changes_nothing(notifications: Notifications) -> None:
    await notifications.hear(filed(notifications.person()))
    late = notifications.sender()
    (held,) = await late.claim("longxi", 10)
    notifications.later(minutes=3)
    await notifications.send()
    before = await notifications.message()
    assert (before.state, before.attempts) == ("delivered", 1)
    await late.work("longxi", [held])
    async with notifications.database.transaction("longxi") as session:
        written = await finish(
            session,
            [Moved(held.claim.id, held.claim.lease, Move.FAIL_PERMANENTLY, "late")],
            notifications.clock(),
        )
    assert written == 0
    assert await notifications.message() == before
    assert len(await notifications.published()) == 1


async def test_a_late_sender_of_an_open_message_changes_nothing_either(
    notifications: Notifications, post: SmtpServer
) -> None:
    post.office.replies[MAIL] = ["450 4.2.0 later"] * 2
    await notifications.hear(filed(notifications.person(email=MAIL)))
    late = notifications.sender()
    (held,) = await late.claim("longxi", 10)
    notifications.later(minutes=3)
    await notifications.send()
    before = await notifications.message()
    assert before.state == "temporary_failure"
    await late.work("longxi", [held])
    assert await notifications.message() == before
    assert post.office.to(MAIL) == []


async def test_an_attempt_that_ends_after_another_began_changes_nothing(notifications: Notifications) -> None:
    await notifications.hear(filed(notifications.person(email=MAIL)))
    late = (await notifications.sender().claim("longxi", 10))[0].claim
    async with notifications.database.transaction("longxi") as session:
        await begin(session, [Begun(late.id, late.lease, "mail")])
    notifications.later(minutes=3)
    current = (await notifications.sender().claim("longxi", 10))[0].claim
    async with notifications.database.transaction("longxi") as session:
        await begin(session, [Begun(current.id, current.lease, "mail")])
        failure = Moved(late.id, late.lease, Move.FAIL_PERMANENTLY, "late")
        assert await finish(session, [failure], notifications.clock()) == 0
        success = Moved(current.id, current.lease, Move.DELIVER)
        assert await finish(session, [success], notifications.clock()) == 1
    assert (await notifications.message()).state == "delivered"


async def test_claims_do_not_wait_for_each_other(notifications: Notifications) -> None:
    for _ in range(20):
        await notifications.hear(filed(notifications.person()))
    clock, lasting = notifications.clock, timedelta(minutes=2)
    async with notifications.database.transaction("longxi") as one:
        first = await claim(one, lease=new_id(), now=clock(), lasting=lasting, most=12)
        # The first has not committed yet.
        async with asyncio.timeout(5), notifications.database.transaction("longxi") as other:
            second = await claim(other, lease=new_id(), now=clock(), lasting=lasting, most=12)
    assert (len(first), len(second)) == (12, 8)


async def test_two_senders_never_have_the_same_message(notifications: Notifications) -> None:
    for _ in range(20):
        await notifications.hear(filed(notifications.person()))
    one, other = notifications.sender(), notifications.sender()
    first, second = await one.claim("longxi", 12), await other.claim("longxi", 12)
    assert len(first) == 12
    assert len(second) == 8
    assert not {one.claim.id for one in first} & {one.claim.id for one in second}


async def test_a_sender_that_died_is_followed_by_another(
    notifications: Notifications, post: SmtpServer
) -> None:
    await notifications.hear(filed(notifications.person(email=MAIL)))
    await notifications.sender().claim("longxi", 10)
    assert await notifications.send() == 0
    notifications.later(minutes=2)
    await notifications.send()
    assert (await notifications.message()).state == "delivered"
    assert len(post.office.to(MAIL)) == 1


async def test_a_mail_server_that_restarts_costs_nothing(
    notifications: Notifications, post: SmtpServer
) -> None:
    resident = notifications.person(email=MAIL)
    await notifications.hear(filed(resident))
    await notifications.send()
    await notifications.hear(filed(resident))
    await notifications.send()
    assert post.office.connections == 1
    post.drop_connections()
    await notifications.hear(filed(resident))
    await notifications.send()
    assert len(post.office.to(MAIL)) == 3
    assert {row.attempts for row in await notifications.messages()} == {1}


async def test_after_three_days_a_message_is_old_news(notifications: Notifications) -> None:
    notifications.owners.away.add(RecipientKind.RESIDENT)
    await notifications.hear(filed(notifications.person()))
    job = expiry(notifications.database, notifications.runtime.tenants, notifications.clock)
    notifications.later(days=2, hours=23)
    await job.run()
    assert (await notifications.message()).state == "created"
    notifications.later(hours=1)
    notifications.owners.away.clear()
    assert await notifications.send() == 0
    await job.run()
    assert (await notifications.message()).state == "expired"
    ((_, data),) = await notifications.published("message.failed")
    assert data.state == "expired"


async def test_a_replay_of_old_events_tells_no_old_news(notifications: Notifications) -> None:
    request = filed(notifications.person())
    old = notifications.envelope(request, time=notifications.clock() - timedelta(days=4))
    await notifications.deliver(old)
    assert await notifications.send() == 0


@pytest.mark.parametrize("count", [450])
async def test_many_messages_are_sent_in_batches(notifications: Notifications, count: int) -> None:
    requests = [filed(notifications.person()) for _ in range(count)]
    await notifications.deliver(*[notifications.envelope(request) for request in requests])
    await notifications.send()
    assert {row.state for row in await notifications.messages()} == {"delivered"}
    assert len(await notifications.published("message.delivered")) == count
    assert len(notifications.owners.asked) == 3
