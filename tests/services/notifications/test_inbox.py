"""Residents and workers read what they were told, their own only, in their language."""

from shared.contracts.intake import RequestDuplicated
from shared.database import new_id
from shared.security import Role
from tests.services.notifications.conftest import Notifications
from tests.services.notifications.samples import REFERENCE, assigned, filed, matched


async def test_a_resident_reads_what_was_told_by_any_channel(notifications: Notifications) -> None:
    resident, other = notifications.person(phone="19900001234"), notifications.person()
    await notifications.hear(filed(resident), matched(resident), filed(other))
    await notifications.send()
    async with notifications.client(Role.RESIDENT, resident) as client:
        shown = (await client.get("/v1/inbox")).json()
    assert shown["unread"] == 2
    assert [item["event"] for item in shown["items"]] == ["job.matched", "request.filed"]
    assert shown["items"][1]["title"] == f"您的诉求已收到，编号{REFERENCE}"
    assert "中式烹调师" in shown["items"][0]["text"]


async def test_a_worker_has_an_inbox_too(notifications: Notifications) -> None:
    request, worker = filed(notifications.person()), notifications.person()
    await notifications.hear(request, assigned(request, worker))
    await notifications.send()
    async with notifications.client(Role.WORKER, worker) as client:
        (item,) = (await client.get("/v1/inbox")).json()["items"]
    assert item["title"].startswith(f"新任务{REFERENCE}")


async def test_the_language_is_the_persons_choice_else_the_browsers(notifications: Notifications) -> None:
    resident = notifications.person()
    await notifications.hear(filed(resident))
    async with notifications.client(Role.RESIDENT, resident, **{"Accept-Language": "en"}) as client:
        assert (await client.get("/v1/inbox")).json()["items"][0]["title"].startswith("We have received")
        await client.put("/v1/preferences", json={"channels": [], "language": "zh"})
        assert (await client.get("/v1/inbox")).json()["items"][0]["title"].startswith("您的诉求")


async def test_reading_is_noted_once_and_only_in_ones_own_inbox(notifications: Notifications) -> None:
    resident = notifications.person()
    await notifications.hear(filed(resident))
    id = str((await notifications.message()).id)
    async with notifications.client(Role.RESIDENT, new_id()) as stranger:
        assert (await stranger.get("/v1/inbox")).json()["items"] == []
        assert (await stranger.post(f"/v1/inbox/{id}/read")).status_code == 404
    async with notifications.client(Role.RESIDENT, resident) as client:
        first = (await client.post(f"/v1/inbox/{id}/read")).json()
        notifications.later(minutes=5)
        assert (await client.post(f"/v1/inbox/{id}/read")).json() == first
        shown = (await client.get("/v1/inbox")).json()
        assert shown["unread"] == 0
        assert shown["items"][0]["read"] is not None
        assert (await client.get("/v1/inbox?unread_only=true")).json()["items"] == []


async def test_pages_follow_each_other_without_gap(notifications: Notifications) -> None:
    resident = notifications.person()
    for _ in range(5):
        await notifications.hear(filed(resident))
    seen: list[str] = []
    async with notifications.client(Role.RESIDENT, resident) as client:
        query = "limit=2"
        while query:
            page = (await client.get(f"/v1/inbox?{query}")).json()
            seen += [item["id"] for item in page["items"]]
            query = f"limit=2&cursor={page['next']}" if page["next"] else ""
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5


async def test_a_duplicate_names_the_other_number(notifications: Notifications) -> None:
    first, second = filed(notifications.person()), filed(notifications.person(), reference="261118-000777-1")
    joined = RequestDuplicated(request=second.request, resident=second.resident, duplicate_of=first.request)
    await notifications.hear(first, second, joined)
    async with notifications.client(Role.RESIDENT, second.resident) as client:
        item = (await client.get("/v1/inbox")).json()["items"][0]
    assert "261118-000777-1" in item["text"]
    assert REFERENCE in item["text"]


async def test_an_account_that_is_no_person_has_no_inbox(notifications: Notifications) -> None:
    async with notifications.client(Role.WORKER, "someone") as client:
        answer = await client.get("/v1/inbox")
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("not-a-person")
