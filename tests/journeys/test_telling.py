"""Who is told, where, and when not: contacts that change, people who are erased, portals, nights."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.security import Role
from shared.testing.serving import serving
from shared.testing.webhook_receiver import Portal, receiver
from tests.support import evidence
from tests.support.community import Community
from tests.support.platform import Platform, on_the_embedded_parts

OLD, NEW = "19900001001", "19900001002"


async def test_the_next_message_goes_to_the_new_address_at_once(
    platform: Platform, community: Community
) -> None:
    worker = await community.worker("欧阳明瑾")
    await community.grid(worker, catch_all=True, kind="area")
    resident = await community.resident("司徒婉清", phone=OLD)
    filed = await community.file(resident, "电梯停运")
    await platform.settle()
    before = len(platform.gateway.network.to(OLD))
    assert before == 2, "that it was filed, and who has it"

    platform.private.add(NEW)
    path = f"/v1/residents/{resident}"
    contact = {"name": "司徒婉清", "phone": NEW}
    # The contact was asked for a moment ago, so it is in the cache; the event has to drop it.
    await community.head("intake").replace(f"{path}/contact", contact, at=path)
    await platform.settle()
    await community.move(filed.id, "accept", worker=worker)

    assert len(platform.gateway.network.to(OLD)) == before
    assert len(platform.gateway.network.to(NEW)) == 1


@on_the_embedded_parts
async def test_nobody_can_read_or_reach_a_resident_who_was_erased(
    platform: Platform, community: Community
) -> None:
    worker = await community.worker("欧阳明瑾")
    await community.grid(worker, catch_all=True, kind="area")
    resident = await community.resident("司徒婉清", phone=OLD, address="龙溪路12号")
    filed = await community.file(resident, "电梯停运", "老人上不了楼，心脏不好。")
    await platform.settle()
    reads = await community.resident_at("intake", resident).get(f"/v1/residents/{resident}/reads")
    assert {line["purpose"] for line in reads["items"]} >= {"notify"}, "each use of the contact can be seen"
    sent = platform.gateway.network.count

    await community.resident_at("intake", resident).delete(f"/v1/residents/{resident}")
    await platform.settle()
    await community.move(filed.id, "accept", "start", "submit", worker=worker)

    head = community.head("intake")
    assert (await head.refusal("GET", f"/v1/residents/{resident}"))[0] == 410
    request = await head.get(f"/v1/requests/{filed.id}")
    assert (request["subject"], request["body"], request["address"]) == (None, None, None)
    contacts = await platform.as_("intake", Role.SERVICE).post(
        "/v1/contacts", {"purpose": "notify", "residents": [str(resident)]}
    )
    assert contacts == {"contacts": [], "without_consent": []}
    assert platform.gateway.network.count == sent, "no further word goes to them"
    later = [
        line
        for line in await community.messages(filed.id)
        if line["recipient_kind"] == "resident" and line["event"] in {"case.accepted", "case.submitted"}
    ]
    assert {line["state"] for line in later} == {"permanent_failure"}
    rows = await evidence.tables(platform)
    assert not list(evidence.private_in_tables(platform.private, rows))


@on_the_embedded_parts
async def test_at_night_an_sms_waits_for_the_morning_and_a_mail_does_not(
    platform: Platform, community: Community
) -> None:
    worker = await community.worker("欧阳明瑾", email="ouyang@longxi.example")
    await community.grid(worker, catch_all=True, kind="area")
    resident = await community.resident("司徒婉清", phone=OLD)
    platform.clock.advance(timedelta(hours=12, minutes=30))  # half past ten in the evening
    await community.file(resident, "半夜施工")
    await platform.settle()

    assert len(platform.office.to("ouyang@longxi.example")) == 1
    assert platform.gateway.network.count == 0
    summary = await platform.as_("notifications", Role.OPERATOR).get("/v1/summary")
    assert summary["held"] == 2
    platform.clock.advance(timedelta(hours=9, minutes=5))
    await platform.running["notifications"].stop_worker()  # its loop sleeps by the real clock
    await platform.running["notifications"].start_worker()
    await platform.settle()
    assert len(platform.gateway.network.to(OLD)) == 2


@pytest.fixture
async def portal(platform: Platform) -> AsyncIterator[tuple[Portal, str]]:
    """A portal, and the address of its webhook."""
    portal = Portal(clock=platform.clock)
    async with serving(receiver(portal)) as url:
        yield portal, f"{url}/hook"


@on_the_embedded_parts
async def test_a_portal_gets_what_it_asked_for_signed(
    platform: Platform, community: Community, portal: tuple[Portal, str]
) -> None:
    taken, url = portal
    voice = platform.as_("notifications", Role.PORTAL, "hotline")
    webhook = (await voice.post("/v1/webhooks", {"url": url, "events": ["request.filed", "request.closed"]}))[
        "id"
    ]
    taken.secrets.append((await voice.get(f"/v1/webhooks/{webhook}/secret"))["secret"])
    worker = await community.worker("欧阳明瑾")
    await community.grid(worker, catch_all=True, kind="area")
    resident = await community.resident("司徒婉清")
    filed = await community.file(resident, "井盖松动")
    await platform.settle()
    await community.handled(filed.id)
    await community.decide(filed.id, "verify")
    await community.decide(filed.id, "close", {"outcome": "resolved"})

    assert [each.body["type"] for each in taken.taken] == ["request.filed", "request.closed"]
    assert {each.body["subject"] for each in taken.taken} == {str(filed.id)}
    assert taken.refused == 0
    assert not [word for word in platform.private for each in taken.taken if word in str(each.body)]
    deliveries = await voice.get(f"/v1/webhooks/{webhook}/deliveries")
    assert {line["state"] for line in deliveries["items"]} == {"delivered"}


@on_the_embedded_parts
async def test_a_word_in_clear_would_be_found(platform: Platform, community: Community) -> None:
    """The search that follows every journey is no comfort unless it finds what it looks for."""
    worker = await community.worker("欧阳明瑾")
    await community.grid(worker, "翠竹苑1栋", catch_all=True, kind="area")
    await platform.settle()
    published, rows = await evidence.records(platform), await evidence.tables(platform)
    assert list(evidence.private_in_records(["翠竹苑1栋"], published))
    assert list(evidence.private_in_tables(["翠竹苑1栋"], rows))
