"""Requests are given out fairly, whole batches at a time, and every decision explains itself."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.casework.assignments.jobs import drain_all
from services.casework.policies.rules import Policies
from shared.contracts.vocabulary import codes
from shared.database import new_id
from shared.security import Role
from tests.services.casework.conftest import Casework, spread

LEVEL_1 = [code for code in codes("category") if len(code) == 2]
URGENCIES = ["normal", "normal", "normal", "urgent", "long", "emergency"]


async def test_a_filed_request_becomes_a_case_with_a_worker(casework: Casework) -> None:
    worker = await casework.worker()
    event = casework.filed(category="010205", urgency="urgent")
    (envelope,) = await casework.hear(event)
    case = await casework.case(event.request)
    assert (case["state"], case["worker"], case["round"]) == ("open", str(worker), 1)
    assert (case["effort_minutes"], case["reference"]) == (90, event.reference)
    (told,) = await casework.published("worker.assigned")
    assert told == {
        "request": str(event.request),
        "worker": str(worker),
        "resident": str(event.resident),
        "reasons": ["only_candidate", "no_skilled_worker"],
        "candidates": 1,
        "load_before": 0,
        "load_after": 90,
        "policy": (await casework.get("/v1/assignment-policy"))["version"],
        "round": 1,
        "due": event.model_dump(mode="json")["due"],
    }
    assert envelope.id in await _causes(casework)


async def test_five_hundred_requests_leave_equal_workers_within_a_tenth(casework: Casework) -> None:
    workers = [await casework.worker() for _ in range(12)]
    grids = [await casework.grid(owner, f"g-{at}") for at, owner in enumerate(workers[:4])]
    choices = zip(
        itertools.cycle([None, *LEVEL_1]),
        itertools.cycle(URGENCIES),
        itertools.cycle([*grids, None, grids[0]]),
        strict=False,
    )
    events = [
        casework.filed(category=category, urgency=urgency, grid=grid)
        for category, urgency, grid in itertools.islice(choices, 500)
    ]
    await casework.hear(*events)
    loads = await casework.loads()
    assert len(await casework.published("worker.assigned")) == 500
    assert sorted(loads) == sorted(workers)
    assert spread(list(loads.values())) < 0.10


async def test_consumers_side_by_side_assign_everything_once_and_fairly(casework: Casework) -> None:
    for _ in range(6):
        await casework.worker()
    batches = [[casework.filed(urgency=URGENCIES[at % 6]) for at in range(40)] for _ in range(6)]
    await asyncio.gather(*(casework.hear(*batch) for batch in batches))
    told = await casework.published("worker.assigned")
    assert len({event["request"] for event in told}) == len(told) == 240
    assert spread(list((await casework.loads()).values())) < 0.10


async def test_a_request_that_comes_again_is_left_alone(casework: Casework) -> None:
    await casework.worker()
    event = casework.filed()
    await casework.hear(event, event)
    await casework.hear(event)
    assert len(await casework.published("worker.assigned")) == 1
    await casework.loads()


async def test_records_of_the_past_are_nobodys_work(casework: Casework) -> None:
    await casework.worker()
    past = await casework.file(history=True)
    assert (await casework.client().get(f"/v1/cases/{past}")).status_code == 404
    assert await casework.published("worker.assigned") == []


async def test_the_grids_owner_is_preferred_while_it_is_fair(casework: Casework) -> None:
    owner, other = await casework.worker(), await casework.worker()
    grid = await casework.grid(owner, "g-1")
    first = await casework.file(grid=grid)
    second = await casework.file(grid=grid)
    third = await casework.file(grid=grid)
    workers = [(await casework.case(each))["worker"] for each in (first, second, third)]
    assert workers == [str(owner), str(owner), str(other)], "45 minutes more is within 52, 90 is not"
    assert (await casework.decisions(first))[0]["reasons"] == ["grid_owner", "least_loaded"]
    assert (await casework.decisions(second))[0]["reasons"] == ["grid_owner"]


async def test_the_absent_and_the_inactive_get_nothing(casework: Casework) -> None:
    away, gone, here = [await casework.worker() for _ in range(3)]
    days = {"first_day": "2026-11-18", "last_day": "2026-11-19", "reason": "sick_leave"}
    answer = await casework.client().post(f"/v1/workers/{away}/absences", json=days)
    assert answer.status_code == 201, answer.text
    record = await casework.get(f"/v1/workers/{gone}")
    change = {"staff_number": record["staff_number"], "name": "李四", "active": False}
    answer = await casework.client(headers={"If-Match": '"1"'}).put(f"/v1/workers/{gone}", json=change)
    assert answer.status_code == 200, answer.text
    await casework.hear(*(casework.filed() for _ in range(5)))
    assert {event["worker"] for event in await casework.published("worker.assigned")} == {str(here)}
    casework.clock.advance(timedelta(days=2))
    back = await casework.file()
    assert (await casework.case(back))["worker"] == str(away)


async def test_with_nobody_there_it_waits_for_whoever_comes_first(casework: Casework) -> None:
    first, second = await casework.file(), await casework.file()
    case = await casework.case(first)
    assert (case["state"], case["worker"], case["waiting"]) == ("open", None, "nobody_available")
    assert (await casework.get("/v1/workload"))["waiting"] == 2
    worker = await casework.worker()
    told = await casework.published("worker.assigned")
    assert [(event["request"], event["worker"]) for event in told] == [
        (str(first), str(worker)),
        (str(second), str(worker)),
    ]
    assert [line["what"] for line in await casework.story(first)] == ["filed", "waiting", "assigned"]
    assert [made["trigger"] for made in await casework.decisions(first)] == ["queue", "filed"]


async def test_the_queue_is_drained_on_the_day_of_return_by_the_clock(casework: Casework) -> None:
    worker = await casework.worker()
    days = {"first_day": "2026-11-18", "last_day": "2026-11-18", "reason": "training"}
    await casework.as_worker(worker).post(f"/v1/workers/{worker}/absences", json=days)
    case = await casework.file()
    policies = next(part for part in casework.parts.provides if isinstance(part, Policies))
    assert await drain_all(casework.database, ["longxi", "yuhu"], policies, casework.clock) == 0
    casework.clock.advance(timedelta(days=1))
    assert await drain_all(casework.database, ["longxi", "yuhu"], policies, casework.clock) == 1
    assert (await casework.case(case))["worker"] == str(worker)


async def test_over_the_cap_the_least_loaded_gets_it_and_it_is_said_once(casework: Casework) -> None:
    worker = await casework.worker(weekly_hours=1)
    cases = [await casework.file(urgency="normal") for _ in range(3)]
    assert (await casework.decisions(cases[0]))[0]["reasons"] == ["only_candidate"]
    assert (await casework.decisions(cases[1]))[0]["reasons"] == ["only_candidate", "over_cap"]
    overload = {"worker": str(worker), "load": 90, "cap": 60}
    assert await casework.published("worker.overloaded") == [overload]
    for case in cases[1:]:
        for move in ("accept", "start"):
            await casework.move(case, move)
        await casework.move(case, "submit", result="resolved", effort_minutes=30)
    await casework.file()
    assert len(await casework.published("worker.overloaded")) == 2, "below it and above it again"


async def test_where_the_community_says_so_it_waits_and_the_oldest_goes_first(casework: Casework) -> None:
    worker = await casework.worker(tenant="yuhu")  # 40 hours, a cap of 120 minutes
    cases = [await casework.file(tenant="yuhu") for _ in range(4)]
    waiting = [(await casework.case(each, tenant="yuhu"))["waiting"] for each in cases]
    assert waiting == [None, None, "over_cap", "over_cap"]
    assert await casework.published("worker.overloaded", tenant="yuhu") == []
    client = casework.client(Role.WORKER, str(worker), tenant="yuhu")
    for move, body in (
        ("accept", None),
        ("start", None),
        ("submit", {"result": "resolved", "effort_minutes": 20}),
    ):
        answer = await client.post(f"/v1/cases/{cases[0]}/{move}", json=body)
        assert answer.status_code == 200, answer.text
    waiting = [(await casework.case(each, tenant="yuhu"))["waiting"] for each in cases]
    assert waiting == [None, None, None, "over_cap"]
    assert set((await casework.loads(tenant="yuhu")).values()) == {90}


async def test_what_waits_goes_before_what_is_new(casework: Casework) -> None:
    worker = await casework.worker(tenant="yuhu")
    days = {"first_day": "2026-11-18", "last_day": "2026-11-18", "reason": "training"}
    await casework.client(tenant="yuhu").post(f"/v1/workers/{worker}/absences", json=days)
    old = await casework.file(tenant="yuhu", urgency="emergency")  # 90 of 120 minutes
    casework.clock.advance(timedelta(days=1))
    new = await casework.file(tenant="yuhu", urgency="emergency")
    assert (await casework.case(old, tenant="yuhu"))["worker"] == str(worker)
    assert (await casework.case(new, tenant="yuhu"))["waiting"] == "over_cap"


async def test_a_case_that_still_finds_nobody_does_not_hold_up_those_behind_it(casework: Casework) -> None:
    skilled = await casework.worker(tenant="yuhu", skills=["13"])
    await casework.file(tenant="yuhu", category="13")  # 75 of 120 minutes
    big = await casework.file(tenant="yuhu", category="13")
    assert (await casework.case(big, tenant="yuhu"))["waiting"] == "over_cap"
    await casework.worker(tenant="yuhu")
    small = await casework.file(tenant="yuhu")
    assert (await casework.case(small, tenant="yuhu"))["worker"] not in {None, str(skilled)}
    assert (await casework.case(big, tenant="yuhu"))["waiting"] == "over_cap"


async def test_a_wish_for_the_same_gender_is_followed_and_forgotten_with_the_resident(
    casework: Casework,
) -> None:
    await casework.worker(gender="male")
    woman = await casework.worker(gender="female")
    await casework.file()  # to the man
    wish: dict[str, Any] = {"prefers_same_gender": True, "resident_gender": "female"}
    case = await casework.file(**wish)
    assert (await casework.case(case))["worker"] == str(woman)
    made = (await casework.decisions(case))[0]
    assert made["reasons"] == ["only_candidate", "wish_met"]
    assert "female" not in str(made["candidates"])


async def test_why_her_in_plain_words(casework: Casework) -> None:
    owner = await casework.worker(name="王芳", staff_number="0007", skills=["01"])
    await casework.worker(name="李强", staff_number="0008", skills=["01"])
    away = await casework.worker(name="赵敏", staff_number="0009", skills=["01"])
    await casework.worker(name="孙磊", staff_number="0010", skills=["13"])
    days = {"first_day": "2026-11-18", "last_day": "2026-11-18", "reason": "annual_leave"}
    await casework.client().post(f"/v1/workers/{away}/absences", json=days)
    grid = await casework.grid(owner, "g-1")
    case = await casework.file(category="010203", grid=grid)
    (made,) = await casework.decisions(case)
    version = made["policy"]
    assert made["explanation"] == [
        "新受理：共考虑 4 名工作者，按 60 分钟估算工作量。",
        "排除当天不在岗的赵敏（0009）；缺少所需技能的孙磊（0010）。",
        "派给王芳（0007）：接手前待办 0 分钟，接手后 1 小时，为每周工时的 2.5%。",
        "王芳（0007）是所在网格的负责人。",
        "在可选的 2 人中，王芳（0007）接手后的负荷比最低，其次是李强（0008）的 2.5%。",
        "具备“居民服务设施”所需的技能。",
        f"依据派遣规则 {version}。",
    ]
    english = await casework.client(headers={"Accept-Language": "en"}).get(f"/v1/requests/{case}/assignment")
    told = english.json()["decisions"][0]["explanation"]
    assert told[2].startswith("Given to 王芳 (0007): 0 min of open work before, 1 h after, 2.5% of")
    outside = await casework.client(Role.OPERATOR).get(f"/v1/requests/{case}/assignment")
    told = outside.json()["decisions"][0]["explanation"]
    assert told[1] == "排除当天不在岗的工号 0009；缺少所需技能的工号 0010。", "names are for the staff"
    assert (await casework.client().get(f"/v1/requests/{new_id()}/assignment")).status_code == 404


async def test_skills_nobody_has_are_counted(casework: Casework) -> None:
    await casework.worker(skills=["01"])
    for category in ("1301", "13", "1301", "01", None):
        await casework.file(category=category)
    gaps = (await casework.get("/v1/skill-gaps"))["items"]
    assert [(gap["category"], gap["requests"]) for gap in gaps] == [("1301", 2), ("13", 1)]


async def _causes(casework: Casework) -> set[UUID]:
    rows = await casework.database.statement(
        "WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', '*', true))"
        " SELECT outbox.causation FROM scope, outbox WHERE causation IS NOT NULL"
    )
    return {UUID(str(row["causation"])) for row in rows}
