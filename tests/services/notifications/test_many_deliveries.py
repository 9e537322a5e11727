"""Webhooks of which there are many deliveries: owed in one go, ended and taken away in pieces."""

from collections import deque
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.telling.drafts import Heard
from services.notifications.webhooks.actions import change, forget_removed, owe
from services.notifications.webhooks.attempts import fail_open
from services.notifications.webhooks.jobs import clearing
from services.notifications.webhooks.queries import owned
from services.notifications.webhooks.rules import WebhookNotFound
from shared.database import new_id
from shared.security import Role
from shared.testing.serving import serving
from shared.testing.webhook_receiver import Portal, receiver
from tests.services.notifications.conftest import Notifications
from tests.services.notifications.samples import filed

OWNER = "key:portal-1"
ABOUT = UUID("019a0000-0000-7000-8000-0000000000aa")

_DELIVERIES = text("""
    WITH event AS (
        INSERT INTO webhook_event (id, event, about, correlation, body, created)
        SELECT gen_random_uuid(), 'request.filed', :about, gen_random_uuid(), '{}', :now
        FROM generate_series(1, :count) RETURNING id
    )
    INSERT INTO webhook_delivery (id, webhook, event_id, state, created, not_before, finished)
    SELECT gen_random_uuid(), :webhook, id, CASE WHEN :open THEN 'created' ELSE 'delivered' END, :now,
           CASE WHEN :open THEN CAST(:now AS timestamptz) END, CASE WHEN NOT :open THEN CAST(:now AS timestamptz) END
    FROM event
""")


async def _made(notifications: Notifications, url: str = "https://portal.example/hook") -> tuple[str, str]:
    """A webhook and its secret."""
    async with notifications.client(Role.PORTAL, OWNER) as client:
        id = str((await client.post("/v1/webhooks", json={"url": url})).json()["id"])
        return id, str((await client.get(f"/v1/webhooks/{id}/secret")).json()["secret"])


async def _owed(notifications: Notifications, webhook: str, count: int, *, open: bool) -> None:
    parameters = {"about": ABOUT, "now": notifications.clock(), "count": count, "webhook": UUID(webhook)}
    async with notifications.database.transaction("longxi") as session:
        await session.execute(_DELIVERIES, parameters | {"open": open})


async def _count(notifications: Notifications, of: str) -> int:
    async with notifications.database.transaction("longxi") as session:
        return int(await session.scalar(text(f"SELECT count(*) FROM {of}")) or 0)  # noqa: S608


async def _clear(notifications: Notifications) -> None:
    await clearing(notifications.database, notifications.runtime.tenants, notifications.clock).run()


async def test_a_whole_batch_is_owed_to_many_webhooks(notifications: Notifications) -> None:
    """More parameters than a statement may have, if each row brought its own."""
    events = [
        Heard(
            id=new_id(),
            type="request.filed",
            subject=ABOUT,
            time=notifications.clock(),
            sequence=1,
            correlation=new_id(),
            traceparent=None,
            data={},
        )
        for _ in range(501)
    ]
    async with notifications.database.transaction("longxi") as session:
        await session.execute(
            text("""
                INSERT INTO webhook (id, owner, url, events, state, wrapped_key, secret, created)
                SELECT gen_random_uuid(), 'key:' || n, 'https://portal.example/', '{}', 'active', '', '', :now
                FROM generate_series(1, 10) AS n
            """),
            {"now": notifications.clock()},
        )
    for made in (5010, 0):
        async with notifications.database.transaction("longxi") as session:
            assert await owe(session, events, notifications.clock()) == made
    assert await _count(notifications, "webhook_delivery WHERE not_before IS NOT NULL") == 5010
    assert await _count(notifications, "webhook_event") == 501


async def test_what_is_open_at_a_disabled_webhook_fails_in_pieces(notifications: Notifications) -> None:
    portal = Portal(clock=notifications.clock, answers=deque([410] * 100))
    async with serving(receiver(portal)) as base:
        webhook, secret = await _made(notifications, f"{base}/hook")
        portal.secrets.append(secret)
        await _owed(notifications, webhook, 650, open=True)
        await notifications.call_webhooks()
    assert portal.calls < 100
    ((_, disabled),) = await notifications.published("webhook.disabled")
    assert str(disabled.webhook) == webhook
    left = await _count(notifications, "webhook_delivery WHERE finished IS NULL")
    assert 650 > left >= 650 - 500 - portal.calls > 0, "the attempt itself ends no more than five hundred"
    async with notifications.database.transaction("longxi") as session:
        assert await fail_open(session, notifications.clock(), most=50) == 50
    await _clear(notifications)
    failed = [data for _, data in await notifications.published("message.failed")]
    assert len({data.message for data in failed}) == len(failed) == 650
    assert await _count(notifications, "webhook_delivery WHERE finished IS NULL OR lease IS NOT NULL") == 0


async def test_what_is_asked_for_while_it_is_disabled_waits_until_it_is_active(
    notifications: Notifications,
) -> None:
    portal = Portal(clock=notifications.clock, answers=deque([410]))
    async with serving(receiver(portal)) as base, notifications.client(Role.PORTAL, OWNER) as client:
        webhook, secret = await _made(notifications, f"{base}/hook")
        portal.secrets.append(secret)
        await notifications.hear(filed(notifications.person()))
        await notifications.call_webhooks()
        notifications.later(seconds=1)
        path = f"/v1/webhooks/{webhook}"
        (line,) = (await client.get(f"{path}/deliveries")).json()["items"]
        again = await client.post(f"{path}/deliveries/{line['id']}/redelivery")
        assert again.status_code == 202
        await _clear(notifications)
        match = {"If-Match": (await client.get(path)).headers["etag"]}
        back = await client.put(path, json={"url": f"{base}/hook", "state": "active"}, headers=match)
        assert back.status_code == 200
        await notifications.call_webhooks()
    assert [taken.id for taken in portal.taken] == [again.json()["event_id"]]


async def test_what_others_are_owed_stays_open(notifications: Notifications) -> None:
    webhook, _ = await _made(notifications)
    await _owed(notifications, webhook, 3, open=True)
    await _clear(notifications)
    assert await _count(notifications, "webhook_delivery WHERE not_before IS NOT NULL") == 3


async def test_a_removed_webhook_is_gone_at_once_and_its_deliveries_in_pieces(
    notifications: Notifications,
) -> None:
    (webhook, _), (other, _) = await _made(notifications), await _made(notifications)
    await _owed(notifications, webhook, 2300, open=False)
    await _owed(notifications, webhook, 10, open=True)
    await _owed(notifications, other, 5, open=False)
    async with notifications.client(Role.PORTAL, OWNER) as client:
        assert (await client.delete(f"/v1/webhooks/{webhook}")).status_code == 204
        assert await _count(notifications, "webhook_delivery") == 2315, "that would be long for one call"
        assert [item["id"] for item in (await client.get("/v1/webhooks")).json()["items"]] == [other]
        for path in ("", "/secret", "/deliveries"):
            assert (await client.get(f"/v1/webhooks/{webhook}{path}")).status_code == 404
        assert (await client.delete(f"/v1/webhooks/{webhook}")).status_code == 404
    async with notifications.client(Role.WORKER, "someone") as client:
        story = (await client.get(f"/v1/messages?about={ABOUT}")).json()["items"]
    assert {line["recipient"] for line in story} == {other}
    await notifications.hear(filed(notifications.person()))
    assert await _count(notifications, f"webhook_delivery WHERE webhook = '{webhook}'") == 2310
    async with notifications.database.transaction("longxi") as session:
        assert await forget_removed(session, most=1000)
    assert await _count(notifications, f"webhook_delivery WHERE webhook = '{webhook}'") == 1310
    await _clear(notifications)
    assert await _count(notifications, f"webhook_delivery WHERE webhook = '{webhook}'") == 0
    assert await _count(notifications, f"webhook WHERE id = '{webhook}'") == 0
    assert await _count(notifications, "webhook_delivery") == 6
    assert await notifications.published("message.failed") == []


async def test_a_change_does_not_bring_back_what_was_removed_meanwhile(notifications: Notifications) -> None:
    webhook, _ = await _made(notifications)
    async with notifications.database.transaction("longxi") as session:
        read = await owned(session, OWNER, UUID(webhook))
    async with notifications.client(Role.PORTAL, OWNER) as client:
        assert (await client.delete(f"/v1/webhooks/{webhook}")).status_code == 204
    with pytest.raises(WebhookNotFound):
        async with notifications.database.transaction("longxi") as session:
            await change(session, read, url=read.url, events=[], state="active")
    assert await _count(notifications, "webhook WHERE state = 'active'") == 0
