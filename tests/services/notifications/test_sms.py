"""An SMS is sent by the provider's protocol, and its receipt says what became of it."""

import httpx
import pytest

from shared.security import Role
from tests.services.notifications.conftest import SECRET, Notifications
from tests.services.notifications.samples import REFERENCE, filed

PHONE = "19900001234"


async def _sent(notifications: Notifications) -> None:
    await notifications.hear(filed(notifications.person(name="张三", phone=PHONE)))
    await notifications.send()


async def test_an_accepted_sms_waits_for_its_receipt(notifications: Notifications) -> None:
    await _sent(notifications)
    (sms,) = notifications.gateway.network.to(PHONE)
    assert (sms.signature, sms.template) == ("龙溪社区", "SMS_REQUEST_FILED_ZH")
    assert sms.parameters == {"reference": REFERENCE, "due": "11月19日周四17:30"}
    row = await notifications.message()
    assert (row.state, row.provider_reference) == ("sending", sms.biz_id)
    assert await notifications.published() == []
    assert await notifications.receipts() == 1
    assert (await notifications.message()).state == "delivered"
    ((_, data),) = await notifications.published("message.delivered")
    assert data.channel == "sms"


async def test_it_is_not_sent_again_while_the_receipt_is_awaited(notifications: Notifications) -> None:
    await _sent(notifications)
    notifications.later(hours=10)
    assert await notifications.send() == 0
    assert len(notifications.gateway.network.to(PHONE)) == 1


async def test_a_receipt_of_failure_ends_or_repeats_it(notifications: Notifications) -> None:
    notifications.gateway.network.reports[PHONE] = ["MOBILE_TERMINAL_ERROR", "MOBILE_NOT_ON_SERVICE"]
    await _sent(notifications)
    await notifications.receipts()
    assert (await notifications.message()).state == "temporary_failure"
    await notifications.send()
    await notifications.receipts()
    row = await notifications.message()
    assert (row.state, row.reason, row.attempts) == ("permanent_failure", "mobile_not_on_service", 2)


async def test_a_receipt_for_a_final_state_is_ignored(notifications: Notifications) -> None:
    await _sent(notifications)
    row = await notifications.message()
    report = {
        "success": True,
        "err_code": "DELIVERED",
        "biz_id": row.provider_reference,
        "out_id": f"longxi.{row.id}",
    }
    bad = report | {"success": False, "err_code": "MK:0001"}
    async with notifications.client(Role.OPERATOR, "nobody") as client:
        for body in ([report], [bad], [report]):
            answer = await client.post(f"/v1/receipts/aliyun/{SECRET}", json=body)
            assert answer.json() == {"code": 0, "msg": "成功"}
    assert (await notifications.message()).state == "delivered"
    assert len(await notifications.published()) == 1


async def test_a_receipt_names_no_message_of_another_tenant(notifications: Notifications) -> None:
    await _sent(notifications)
    row = await notifications.message()
    report = {"success": True, "err_code": "DELIVERED", "biz_id": "1", "out_id": f"yuhu.{row.id}"}
    async with notifications.client(Role.OPERATOR, "nobody") as client:
        assert (await client.post(f"/v1/receipts/aliyun/{SECRET}", json=[report])).status_code == 200
    assert (await notifications.message()).state == "sending"


@pytest.mark.parametrize(
    ("path", "auth", "status"),
    [
        (f"/{SECRET}", None, 200),
        ("/wrong", None, 403),
        ("", ("aliyun", SECRET), 200),
        ("", ("aliyun", "wrong"), 403),
        ("", None, 403),
    ],
)
async def test_receipts_need_the_secret(
    notifications: Notifications, path: str, auth: tuple[str, str] | None, status: int
) -> None:
    transport = httpx.ASGITransport(app=notifications.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", auth=auth) as client:
        assert (await client.post(f"/v1/receipts/aliyun{path}", json=[])).status_code == status


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", "temporary_failure"),
        ("isv.MOBILE_NUMBER_ILLEGAL", "permanent_failure"),
        ("isv.AMOUNT_NOT_ENOUGH", "technical_failure"),
    ],
)
async def test_an_error_code_becomes_a_state(notifications: Notifications, code: str, state: str) -> None:
    notifications.gateway.network.errors[PHONE] = [code] * 2
    await _sent(notifications)
    row = await notifications.message()
    assert (row.state, row.reason) == (state, code.lower())


async def test_the_gateway_lets_nobody_in_without_the_key(notifications: Notifications) -> None:
    notifications.gateway.network.key_secret = "another"
    await _sent(notifications)
    row = await notifications.message()
    assert (row.state, row.reason) == ("technical_failure", "signaturedoesnotmatch")
    assert notifications.gateway.network.count == 0


async def test_no_receipt_for_three_days_is_an_end_too(notifications: Notifications) -> None:
    notifications.gateway.network.reports[PHONE] = ["silent"]
    await _sent(notifications)
    notifications.later(days=3)
    expire, *_ = notifications.parts.jobs
    await expire.run()
    assert (await notifications.message()).state == "expired"
