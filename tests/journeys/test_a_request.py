"""A request goes its whole way, and every other way that it can go."""

from uuid import UUID

from tests.support.community import Community
from tests.support.platform import Platform, on_the_embedded_parts


async def test_a_request_is_filed_assigned_handled_closed_and_rated_and_everyone_is_told(
    platform: Platform, community: Community
) -> None:
    owner = await community.worker("欧阳明瑾", email="ouyang@longxi.example")
    other = await community.worker("上官慧兰", email="shangguan@longxi.example")
    grid = await community.grid(owner, "龙溪花园3栋")
    await community.grid(other, catch_all=True, kind="area")
    await platform.settle()
    resident = await community.resident("司徒婉清", phone="19900001001", address="龙溪花园3栋2单元202室")

    filed = await community.file(resident, "楼道灯坏了三天", address="龙溪花园3栋2单元", category="01")
    assert filed.grid == grid, "the building's own grid, not the one that takes all the rest"
    await platform.settle()

    case = await community.case(filed.id)
    assert case["worker"] == str(owner)
    decisions = (await community.head("casework").get(f"/v1/requests/{filed.id}/assignment"))["decisions"]
    assert "grid_owner" in decisions[0]["reasons"]
    assert decisions[0]["explanation"]
    assert (await community.request(filed.id))["state"] == "dispatched"
    assert await community.told(filed.id, "worker.assigned") == {
        f"worker {owner}": "mail",
        f"resident {resident}": "sms",
    }
    assert len(platform.office.to("ouyang@longxi.example")) == 1
    assert filed.reference in platform.office.to("ouyang@longxi.example")[0].text
    assert any(
        filed.reference in sms.parameters.values() for sms in platform.gateway.network.to("19900001001")
    )

    await community.move(filed.id, "accept", "start", worker=owner)
    assert (await community.request(filed.id))["state"] == "in_progress"
    await community.move(filed.id, "submit", worker=owner)
    assert (await community.request(filed.id))["state"] == "handled"
    await community.decide(filed.id, "verify")
    await community.decide(filed.id, "close", {"outcome": "resolved"})
    assert (await community.case(filed.id))["state"] == "closed"
    rating = {"responded": True, "resolved": True, "satisfied": True}
    await community.resident_at("intake", resident).post(f"/v1/requests/{filed.id}/rate", rating)
    await platform.settle()

    story = await community.request(filed.id)
    assert story["state"] == "rated"
    states = [entry["to_state"] for entry in story["entries"]]
    assert list(dict.fromkeys(states)) == [
        "filed",
        "accepted",
        "dispatched",
        "in_progress",
        "handled",
        "verified",
        "closed",
        "rated",
    ]
    assert await community.told(filed.id, "request.closed") == {f"resident {resident}": "sms"}


async def test_a_request_that_is_returned_twice_is_for_the_head_to_decide(
    platform: Platform, community: Community
) -> None:
    workers = [await community.worker(name) for name in ("欧阳明瑾", "上官慧兰", "诸葛文澜")]
    await community.grid(workers[0], catch_all=True, kind="area")
    resident = await community.resident("司徒婉清")
    filed = await community.file(resident, "小区外墙渗水")
    await platform.settle()

    seen = []
    for returns in (1, 2):
        worker = UUID((await community.case(filed.id))["worker"])
        seen.append(worker)
        await community.worker_at("casework", worker).post(
            f"/v1/cases/{filed.id}/return", {"reason": "out_of_scope"}
        )
        await platform.settle()
        assert (await community.case(filed.id))["returns"] == returns
    assert seen[0] != seen[1], "whoever returned it does not get it back"
    waiting = await community.case(filed.id)
    assert (waiting["worker"], waiting["state"]) == (None, "returned")
    assert (await community.request(filed.id))["state"] == "returned"
    refused = await community.worker_at("intake", seen[0]).refusal(
        "POST", f"/v1/requests/{filed.id}/redispatch", {}
    )
    assert refused[0] == 403, "a worker cannot decide it"

    named = next(worker for worker in workers if worker not in seen)
    await community.decide(filed.id, "redispatch", {"worker": str(named)})
    assert (await community.case(filed.id))["worker"] == str(named)
    assert (await community.request(filed.id))["state"] == "dispatched"
    assert f"worker {named}" in await community.told(filed.id, "worker.assigned")


@on_the_embedded_parts
async def test_what_the_resident_takes_back_leaves_the_workers_desk(
    platform: Platform, community: Community
) -> None:
    worker = await community.worker("欧阳明瑾")
    await community.grid(worker, catch_all=True, kind="area")
    resident = await community.resident("司徒婉清")
    filed = await community.file(resident, "垃圾桶满了")
    await platform.settle()
    await community.resident_at("intake", resident).post(f"/v1/requests/{filed.id}/withdraw")
    await platform.settle()

    assert (await community.case(filed.id))["state"] == "closed"
    assert (await community.request(filed.id))["state"] == "withdrawn"
    assert f"worker {worker}" in await community.told(filed.id, "request.withdrawn")
    day = await community.worker_at("casework", worker).get("/v1/day")
    assert (day["cases"], day["open_minutes"]) == ([], 0)


@on_the_embedded_parts
async def test_what_was_rejected_or_a_duplicate_while_casework_was_away_ends_there_too(
    platform: Platform, community: Community
) -> None:
    worker = await community.worker("欧阳明瑾")
    await community.grid(worker, catch_all=True, kind="area")
    await platform.settle()
    await platform.running["casework"].stop_worker()
    resident = await community.resident("司徒婉清")
    first = await community.file(resident, "路灯不亮")
    second = await community.file(resident, "路灯还是不亮")
    head = community.head("intake")
    await head.post(f"/v1/requests/{second.id}/mark-duplicate", {"of": str(first.id)})
    await head.post(f"/v1/requests/{first.id}/reject", {"reason": "out_of_area"})
    await platform.running["casework"].start_worker()
    await platform.settle()

    assert [(await community.case(one.id))["state"] for one in (first, second)] == ["closed", "closed"]
    assert [(await community.request(one.id))["state"] for one in (first, second)] == [
        "rejected",
        "duplicate",
    ]
    assert f"resident {resident}" in await community.told(first.id, "request.rejected")
    day = await community.worker_at("casework", worker).get("/v1/day")
    assert (day["cases"], day["open_minutes"]) == ([], 0)


@on_the_embedded_parts
async def test_a_closed_request_can_be_reopened_and_goes_back_to_its_worker(
    platform: Platform, community: Community
) -> None:
    worker = await community.worker("欧阳明瑾")
    await community.grid(worker, catch_all=True, kind="area")
    resident = await community.resident("司徒婉清")
    filed = await community.file(resident, "楼上漏水")
    await platform.settle()
    await community.handled(filed.id)
    await community.decide(filed.id, "verify")
    await community.decide(filed.id, "close", {"outcome": "partly_resolved"})
    await community.resident_at("intake", resident).post(
        f"/v1/requests/{filed.id}/reopen", {"reason": "came_back"}
    )
    await platform.settle()

    case = await community.case(filed.id)
    assert case["worker"] == str(worker)
    assert case["state"] in {"open", "accepted", "working"}
    await community.handled(filed.id)
    await community.decide(filed.id, "verify")
    await community.decide(filed.id, "close", {"outcome": "resolved"})
    assert (await community.request(filed.id))["state"] == "closed"


@on_the_embedded_parts
async def test_an_absent_worker_gets_nothing(platform: Platform, community: Community) -> None:
    away = await community.worker("欧阳明瑾")
    here = await community.worker("上官慧兰")
    await community.grid(away, catch_all=True, kind="area")
    today = platform.clock().date().isoformat()
    absence = {"first_day": today, "last_day": today, "reason": "sick_leave"}
    await community.head("casework").post(f"/v1/workers/{away}/absences", absence)
    resident = await community.resident("司徒婉清")
    requests = [await community.file(resident, f"第{number}件事") for number in range(6)]
    await platform.settle()

    assert {(await community.case(one.id))["worker"] for one in requests} == {str(here)}
