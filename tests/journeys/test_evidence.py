"""What can be known afterwards: one request followed through everything, replays that change nothing, rebuilt models."""

from datetime import UTC, datetime
from uuid import UUID

from shared.security import Role
from tests.support import evidence
from tests.support.community import Community, Filed
from tests.support.platform import Platform, on_the_embedded_parts


async def _a_full_life(platform: Platform, community: Community) -> tuple[UUID, Filed]:
    """A resident and their request, closed."""
    worker = await community.worker("欧阳明瑾", email="ouyang@longxi.example")
    await community.grid(worker, "龙溪花园3栋", catch_all=True, kind="area")
    await platform.settle()
    resident = await community.resident("司徒婉清", phone="19900001001")
    filed = await community.file(resident, "楼道堆物", address="龙溪花园3栋2单元202室")
    await platform.settle()
    await community.handled(filed.id)
    await community.decide(filed.id, "verify")
    await community.decide(filed.id, "close", {"outcome": "resolved"})
    return resident, filed


@on_the_embedded_parts
async def test_every_event_that_followed_a_call_carries_its_correlation(
    platform: Platform, community: Community
) -> None:
    _, filed = await _a_full_life(platform, community)
    published = [envelope for _, envelope in await evidence.events(platform)]
    following = {event.type for event in published if event.correlation == filed.correlation}
    # Filed, given to a worker, taken on, and both told: all of it followed from the one call.
    assert following == {"request.filed", "worker.assigned", "request.accepted", "message.delivered"}
    by_id = {event.id: event for event in published}
    for event in published:
        if event.causation is not None:
            assert by_id[event.causation].correlation == event.correlation, event.type
    told = [event for event in published if event.type == "message.delivered"]
    causes = {by_id[event.causation].type for event in told if event.causation}
    assert {"request.filed", "worker.assigned"} <= causes


async def test_a_replay_of_everything_changes_nothing(platform: Platform, community: Community) -> None:
    resident, _ = await _a_full_life(platform, community)
    wishes = {"resident": str(resident), "occupations": ["4-03.cook"]}
    await platform.as_("employment", Role.WORKER).post("/v1/seekers", wishes)
    await platform.settle()
    before = evidence.said(await evidence.tables(platform))
    events = len(await evidence.records(platform))
    sent = platform.gateway.network.count, platform.office.count

    for service in platform.running:
        everything = {"from": datetime(2020, 1, 1, tzinfo=UTC).isoformat()}
        await platform.as_(service, Role.OPERATOR).post("/v1/operations/replay", everything)
    await platform.settle()

    assert len(await evidence.records(platform)) == 2 * events, "every event was sent again"
    after = evidence.said(await evidence.tables(platform))
    assert {name for name in before if before[name] != after[name]} == set()
    assert (platform.gateway.network.count, platform.office.count) == sent


async def test_a_read_model_is_rebuilt_from_the_events(platform: Platform, community: Community) -> None:
    _, filed = await _a_full_life(platform, community)
    intake = platform.running["intake"]
    before = evidence.said(await evidence.tables(platform))
    assert before["intake.grid_place"]
    await intake.admin.execute("DELETE FROM grid_place")

    again = {"type": "grid.changed", "consumer": "intake"}
    await platform.as_("casework", Role.OPERATOR).post("/v1/operations/replay", again)
    await platform.settle()

    after = evidence.said(await evidence.tables(platform))
    assert {name for name in before if before[name] != after[name]} == set(), (
        "the model is back, nothing else moved"
    )
    assert (await community.request(filed.id))["state"] == "closed"


@on_the_embedded_parts
async def test_records_of_the_past_are_kept_and_nobody_is_assigned_or_told(
    platform: Platform, community: Community
) -> None:
    worker = await community.worker("欧阳明瑾")
    await community.grid(worker, catch_all=True, kind="area")
    row = {
        "external_id": "A-1",
        "resident_ref": "U-1",
        "subject": "去年的来信",
        "body": "已经答复过了。",
        "submitted_at": "2025-03-04T09:00:00+08:00",
    }
    platform.private |= {row["subject"], row["body"]}
    importer = platform.as_("intake", Role.OPERATOR)
    batch = {"source": "letters", "history": True, "requests": [row]}
    assert (await importer.post("/v1/requests/bulk", batch))["filed"] == 1
    await platform.settle()

    assert await importer.get("/v1/imports/letters/progress") == {
        "source": "letters",
        "filed": 1,
        "history": 1,
        "assigned": 0,
        "told": 0,
    }
    rows = await evidence.tables(platform)
    assert (rows["casework.case"], rows["notifications.message"]) == ([], [])
    assert (await importer.post("/v1/requests/bulk", batch))["already"] == 1
