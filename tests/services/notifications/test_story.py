"""What became of each message can be followed, without a word of what it said."""

from sqlalchemy import text

from shared.contracts.base import DataClass
from shared.contracts.notifications import MessageDelivered, MessageFailed
from shared.security import Role
from shared.testing.smtp_server import SmtpServer
from tests.services.notifications.conftest import Notifications
from tests.services.notifications.samples import assigned, filed
from tests.support.web import problem

NAME, PHONE, MAIL = "张三丰", "19900001234", "zhang.sanfeng@example.com"


async def test_the_story_of_a_request(notifications: Notifications) -> None:
    request = filed(notifications.person(phone=PHONE))
    await notifications.hear(request, assigned(request, notifications.person()))
    await notifications.send()
    async with notifications.client(Role.WORKER, "someone") as client:
        story = (await client.get(f"/v1/messages?about={request.request}")).json()["items"]
    assert [(line["event"], line["recipient_kind"], line["channel"], line["state"]) for line in story] == [
        ("request.filed", "resident", "sms", "sending"),
        ("worker.assigned", "resident", "sms", "sending"),
        ("worker.assigned", "worker", "inapp", "delivered"),
    ]
    assert set(story[0]) == {
        *("id", "event", "recipient", "recipient_kind", "channel", "template", "state"),
        *("attempts", "reason", "created", "finished"),
    }


async def test_the_summary_counts(notifications: Notifications) -> None:
    for _ in range(3):
        await notifications.hear(filed(notifications.person()))
    await notifications.send()
    await notifications.hear(filed(notifications.person()))
    async with notifications.client(Role.OPERATOR, "someone") as client:
        summary = (await client.get("/v1/summary")).json()
    assert summary["by_state"] == {"created": 1, "delivered": 3}
    assert {(one["template"], one["channel"], one["state"], one["count"]) for one in summary["counts"]} == {
        ("request.filed", None, "created", 1),
        ("request.filed", "inapp", "delivered", 3),
    }


async def test_a_summary_is_of_a_month_at_most(notifications: Notifications) -> None:
    async with notifications.client(Role.OPERATOR, "someone") as client:
        assert (await client.get("/v1/summary?days=31")).status_code == 200
        refused = problem(await client.get("/v1/summary?days=32"), 422, "invalid-request")
    assert [(error["field"], error["in"]) for error in refused["errors"]] == [("/days", "query")]


async def test_residents_do_not_read_others_stories(notifications: Notifications) -> None:
    async with notifications.client(Role.RESIDENT, notifications.person()) as client:
        assert (await client.get("/v1/summary")).status_code == 403


async def test_no_table_holds_a_name_a_number_or_an_address(
    notifications: Notifications, post: SmtpServer
) -> None:
    await notifications.hear(filed(notifications.person(name=NAME, phone=PHONE, email=MAIL)))
    await notifications.hear(filed(notifications.person(name=NAME, email=MAIL)))
    await notifications.send()
    await notifications.receipts()
    assert len(post.office.to(MAIL)) == 1
    async with notifications.database.transaction("longxi") as session:
        tables = (
            await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        ).all()
        content = ""
        for table in tables:
            rows = await session.scalars(text(f'SELECT t::text FROM "{table}" AS t'))  # noqa: S608
            content += "\n".join(rows)
    assert "request.filed" in content
    for secret in (NAME, PHONE, MAIL):
        assert secret not in content


def test_our_events_have_no_sensitive_field() -> None:
    for contract in (MessageDelivered, MessageFailed):
        for field in contract.model_fields.values():
            assert DataClass.SENSITIVE not in field.metadata


async def test_the_log_names_nobody(notifications: Notifications, capfd: object) -> None:
    notifications.gateway.network.errors[PHONE] = ["isv.MOBILE_NUMBER_ILLEGAL"]
    await notifications.hear(filed(notifications.person(name=NAME, phone=PHONE)))
    await notifications.send()
    out, err = capfd.readouterr()  # type: ignore[attr-defined]
    for secret in (NAME, PHONE):
        assert secret not in out + err
