"""Portals get signed events, again until they take them, and manage what is theirs."""

from collections import deque
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.notifications.clients.webhook import WebhookCaller
from services.notifications.webhooks.rules import RETRIES
from shared.database import new_id
from shared.security import Role
from shared.testing.serving import serving
from shared.testing.webhook_receiver import Portal, receiver
from tests.services.notifications.conftest import Notifications
from tests.services.notifications.samples import assigned, filed

OWNER = "key:portal-1"


@pytest.fixture
async def portal(notifications: Notifications) -> Portal:
    return Portal(clock=notifications.clock)


@pytest.fixture
async def url(portal: Portal) -> AsyncIterator[str]:
    async with serving(receiver(portal)) as base:
        yield f"{base}/hook"


async def _made(client: httpx.AsyncClient, portal: Portal, url: str, **body: Any) -> str:
    answer = await client.post("/v1/webhooks", json={"url": url, **body})
    assert answer.status_code == 201, answer.text
    id = str(answer.json()["id"])
    portal.secrets.append((await client.get(f"/v1/webhooks/{id}/secret")).json()["secret"])
    return id


async def test_an_event_arrives_signed_and_without_personal_data(
    notifications: Notifications, portal: Portal, url: str
) -> None:
    async with notifications.client(Role.PORTAL, OWNER) as client:
        webhook = await _made(client, portal, url)
    request = filed(notifications.person(name="张三"))
    (event,) = await notifications.hear(request)
    await notifications.call_webhooks()
    (taken,) = portal.taken
    assert taken.id == str(event.id)
    assert (taken.body["type"], taken.body["subject"]) == ("request.filed", str(request.request))
    assert taken.body["timestamp"] == taken.body["time"]
    assert taken.body["data"]["reference"] == request.reference
    assert taken.body["specversion"] == "1.0"
    ((published, data),) = await notifications.published("message.delivered")
    assert (data.recipient_kind, str(data.recipient), data.channel) == ("portal", webhook, "webhook")
    assert (published.correlation, published.causation) == (event.correlation, event.id)


async def test_the_signature_holds_by_the_library_itself(notifications: Notifications) -> None:
    # At the real time, since the library looks at its own clock.
    notifications.clock.set(datetime.now(UTC))
    portal = Portal()
    async with serving(receiver(portal)) as base, notifications.client(Role.PORTAL, OWNER) as client:
        await _made(client, portal, f"{base}/hook")
        await notifications.hear(filed(notifications.person()))
        await notifications.call_webhooks()
    assert (len(portal.taken), portal.refused) == (1, 0)


async def test_only_the_types_that_were_asked_for(
    notifications: Notifications, portal: Portal, url: str
) -> None:
    async with notifications.client(Role.PORTAL, OWNER) as client:
        await _made(client, portal, url, events=["worker.assigned"])
    request = filed(notifications.person())
    await notifications.hear(request, assigned(request, notifications.person()))
    await notifications.call_webhooks()
    assert [taken.body["type"] for taken in portal.taken] == ["worker.assigned"]


async def test_what_happened_before_it_was_made_is_not_sent(
    notifications: Notifications, portal: Portal, url: str
) -> None:
    old = notifications.envelope(filed(notifications.person()))
    notifications.later(seconds=1)
    async with notifications.client(Role.PORTAL, OWNER) as client:
        await _made(client, portal, url)
    await notifications.deliver(old)
    assert await notifications.call_webhooks() == 0


async def test_redelivered_events_make_no_second_delivery(
    notifications: Notifications, portal: Portal, url: str
) -> None:
    async with notifications.client(Role.PORTAL, OWNER) as client:
        await _made(client, portal, url)
    (event,) = await notifications.hear(filed(notifications.person()))
    await notifications.call_webhooks()
    await notifications.deliver(event)
    assert await notifications.call_webhooks() == 0
    assert len(portal.taken) == 1


async def test_a_failing_portal_is_called_again_with_growing_waits(
    notifications: Notifications, portal: Portal, url: str
) -> None:
    portal.answers = deque([500, 429, 503])
    async with notifications.client(Role.PORTAL, OWNER) as client:
        webhook = await _made(client, portal, url)
        await notifications.hear(filed(notifications.person()))
        for pause in RETRIES[:3]:
            await notifications.call_webhooks()
            notifications.clock.advance(pause - timedelta(seconds=1))
            assert await notifications.call_webhooks() == 0
            notifications.later(seconds=1)
        await notifications.call_webhooks()
        (line,) = (await client.get(f"/v1/webhooks/{webhook}/deliveries")).json()["items"]
    assert (line["state"], line["attempts"], line["status"]) == ("delivered", 4, 204)
    assert (portal.calls, len(portal.taken)) == (4, 1)


async def test_after_two_days_a_delivery_is_given_up(
    notifications: Notifications, portal: Portal, url: str
) -> None:
    portal.answers = deque([500] * 20)
    async with notifications.client(Role.PORTAL, OWNER) as client:
        await _made(client, portal, url)
    await notifications.hear(filed(notifications.person()))
    for pause in (*RETRIES, timedelta(days=1)):
        await notifications.call_webhooks()
        notifications.clock.advance(pause)
    assert portal.calls == 9
    ((_, data),) = await notifications.published("message.failed")
    assert (data.state, data.reason, data.attempt) == ("permanent_failure", "http_500", 9)


async def test_after_five_days_of_failing_it_is_disabled_and_can_be_brought_back(
    notifications: Notifications, portal: Portal, url: str
) -> None:
    portal.answers = deque([500] * 100)
    async with notifications.client(Role.PORTAL, OWNER) as client:
        webhook = await _made(client, portal, url)
    for _ in range(7):
        await notifications.hear(filed(notifications.person()))
        await notifications.call_webhooks()
        notifications.later(days=1)
    ((_, data),) = await notifications.published("webhook.disabled")
    assert str(data.webhook) == webhook
    calls = portal.calls
    await notifications.hear(filed(notifications.person()))
    assert await notifications.call_webhooks() == 0
    assert portal.calls == calls
    portal.answers.clear()
    async with notifications.client(Role.PORTAL, OWNER) as client:
        shown = await client.get(f"/v1/webhooks/{webhook}")
        assert shown.json()["state"] == "disabled"
        change = {"url": url, "state": "active"}
        match = {"If-Match": shown.headers["etag"]}
        back = await client.put(f"/v1/webhooks/{webhook}", json=change, headers=match)
        assert (back.json()["state"], back.json()["failures"]) == ("active", 0)
    await notifications.hear(filed(notifications.person()))
    await notifications.call_webhooks()
    assert len(portal.taken) == 1


async def test_deliveries_that_end_together_with_the_webhook_do_not_block_each_other(
    notifications: Notifications, portal: Portal, url: str
) -> None:
    async with notifications.client(Role.PORTAL, OWNER) as client:
        webhook = await _made(client, portal, url)
    portal.answers = deque([410] + [500] * 30)
    for _ in range(12):
        await notifications.hear(filed(notifications.person()))
    await notifications.call_webhooks()
    failed = [data for _, data in await notifications.published("message.failed")]
    assert len(failed) == 12
    assert {str(data.recipient) for data in failed} == {webhook}


async def test_gone_means_gone(notifications: Notifications, portal: Portal, url: str) -> None:
    portal.answers = deque([410])
    async with notifications.client(Role.PORTAL, OWNER) as client:
        webhook = await _made(client, portal, url)
        await notifications.hear(filed(notifications.person()))
        await notifications.call_webhooks()
        assert (await client.get(f"/v1/webhooks/{webhook}")).json()["state"] == "disabled"


async def test_a_new_secret_signs_beside_the_old_one_for_a_day(
    notifications: Notifications, portal: Portal, url: str
) -> None:
    async with notifications.client(Role.PORTAL, OWNER) as client:
        webhook = await _made(client, portal, url)
        assert (await client.post(f"/v1/webhooks/{webhook}/rotations")).status_code == 201
        await notifications.hear(filed(notifications.person()))
        await notifications.call_webhooks()
        assert portal.taken[-1].signatures == 2  # and the portal only knows the old secret
        portal.secrets = [(await client.get(f"/v1/webhooks/{webhook}/secret")).json()["secret"]]
        await notifications.hear(filed(notifications.person()))
        await notifications.call_webhooks()
        notifications.later(hours=25)
    async with notifications.client(Role.PORTAL, OWNER):
        await notifications.hear(filed(notifications.person()))
        await notifications.call_webhooks()
    assert [taken.signatures for taken in portal.taken] == [2, 2, 1]
    assert portal.refused == 0


async def test_a_test_send_and_a_redelivery(notifications: Notifications, portal: Portal, url: str) -> None:
    async with notifications.client(Role.PORTAL, OWNER) as client:
        webhook = await _made(client, portal, url)
        sent = (await client.post(f"/v1/webhooks/{webhook}/tests")).json()
        deliveries = f"/v1/webhooks/{webhook}/deliveries"
        (line,) = (await client.get(deliveries)).json()["items"]
        early = await client.post(f"{deliveries}/{line['id']}/redelivery")
        assert early.status_code == 409
        await notifications.call_webhooks()
        again = await client.post(f"{deliveries}/{line['id']}/redelivery")
        assert again.status_code == 202
        await notifications.call_webhooks()
        lines = (await client.get(deliveries)).json()["items"]
    assert [taken.id for taken in portal.taken] == [sent["event_id"]] * 2
    assert portal.taken[0].body["type"] == "webhook.test"
    assert [line["round"] for line in lines] == [2, 1]


async def test_nobody_touches_anothers_webhook(
    notifications: Notifications, portal: Portal, url: str
) -> None:
    async with notifications.client(Role.PORTAL, OWNER) as client:
        webhook = await _made(client, portal, url)
    async with notifications.client(Role.PORTAL, "key:portal-2") as stranger:
        assert (await stranger.get("/v1/webhooks")).json() == {"items": []}
        path = f"/v1/webhooks/{webhook}"
        calls = [
            stranger.get(path),
            stranger.get(f"{path}/secret"),
            stranger.get(f"{path}/deliveries"),
            stranger.post(f"{path}/rotations"),
            stranger.post(f"{path}/tests"),
            stranger.post(f"{path}/deliveries/{new_id()}/redelivery"),
            stranger.delete(path),
            stranger.put(path, json={"url": url}, headers={"If-Match": '"1"'}),
        ]
        for call in calls:
            assert (await call).status_code == 404


async def test_a_removed_webhook_takes_its_deliveries_along(
    notifications: Notifications, portal: Portal, url: str
) -> None:
    async with notifications.client(Role.PORTAL, OWNER) as client:
        webhook = await _made(client, portal, url)
        await notifications.hear(filed(notifications.person()))
        assert (await client.delete(f"/v1/webhooks/{webhook}")).status_code == 204
    assert await notifications.call_webhooks() == 0
    assert portal.calls == 0


async def test_unsafe_addresses_and_unknown_types_are_refused(notifications: Notifications) -> None:
    async with notifications.client(Role.PORTAL, OWNER) as client:
        for body, type in (
            ({"url": "http://portal.example/hook"}, "unsafe-webhook-url"),
            ({"url": "https://portal.example/", "events": ["message.delivered"]}, "unknown-event-type"),
        ):
            answer = await client.post("/v1/webhooks", json=body)
            assert answer.status_code == 422
            assert answer.json()["type"].endswith(type)


async def test_the_same_key_makes_one_webhook(notifications: Notifications, url: str) -> None:
    async with notifications.client(Role.PORTAL, OWNER, **{"Idempotency-Key": "one"}) as client:
        first = await client.post("/v1/webhooks", json={"url": url})
        second = await client.post("/v1/webhooks", json={"url": url})
        assert first.json() == second.json()
        assert len((await client.get("/v1/webhooks")).json()["items"]) == 1


async def test_there_is_an_end_to_webhooks(notifications: Notifications, url: str) -> None:
    async with notifications.client(Role.PORTAL, OWNER) as client:
        for _ in range(20):
            assert (await client.post("/v1/webhooks", json={"url": url})).status_code == 201
        answer = await client.post("/v1/webhooks", json={"url": url})
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("too-many-webhooks")


async def test_a_name_that_leads_inside_is_not_called(portal: Portal, url: str) -> None:
    caller = WebhookCaller()  # as in production: not even this machine
    answer = await caller.call(
        url, id=new_id(), body=b"{}", secrets=["whsec_" + "A" * 32], now=datetime.now(UTC)
    )
    await caller.close()
    assert (answer.status, answer.reason) == (None, "forbidden_address")
    assert portal.calls == 0


async def test_redirects_are_not_followed(portal: Portal, url: str) -> None:
    caller = WebhookCaller(loopback=True)
    portal.secrets.append("whsec_" + "A" * 32)
    portal.clock = None
    portal.answers.append(302)
    answer = await caller.call(url, id=new_id(), body=b"{}", secrets=portal.secrets, now=datetime.now(UTC))
    await caller.close()
    assert (answer.status, answer.ok, portal.calls) == (302, False, 1)


async def test_a_portal_that_is_down_is_a_failure_with_a_reason(notifications: Notifications) -> None:
    caller = WebhookCaller(loopback=True)
    answer = await caller.call(
        "http://127.0.0.1:9/hook",
        id=new_id(),
        body=b"{}",
        secrets=["whsec_" + "A" * 32],
        now=notifications.clock(),
    )
    await caller.close()
    assert (answer.status, answer.reason) == (None, "connection")
