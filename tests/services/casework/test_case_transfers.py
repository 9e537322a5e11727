"""The owner of a case changes only when the new one accepts, or the head decides."""

from uuid import UUID

from shared.contracts.intake import RequestWithdrawn
from shared.database import new_id
from tests.services.casework.conftest import Casework
from tests.support.web import problem


async def _offered(casework: Casework) -> tuple[UUID, UUID, UUID]:
    """Case, its worker, and the colleague it is offered to."""
    owner = await casework.worker()
    case = await casework.file()
    other = await casework.worker()
    await casework.move(case, "accept", owner)
    await casework.move(case, "start", owner)
    await casework.move(case, "transfer", owner, to=str(other), reason="better_place")
    return case, owner, other


async def test_an_offer_changes_nothing_until_it_is_accepted(casework: Casework) -> None:
    case, owner, other = await _offered(casework)
    view = await casework.case(case)
    assert (view["state"], view["worker"], view["transfer"]["offered_to"]) == (
        "working",
        str(owner),
        str(other),
    )
    assert await casework.loads() == {owner: 45, other: 0}
    assert await casework.published("case.transferred") == []
    day = (await casework.as_worker(other).get("/v1/day")).json()
    assert [offer["case"] for offer in day["transfers"]] == [str(case)]
    moved = await casework.move(case, "transfer/accept", other)
    assert (moved["state"], moved["worker"]) == ("accepted", str(other))
    assert await casework.loads() == {owner: 0, other: 45}
    (told,) = await casework.published("case.transferred")
    assert (told["worker"], told["previous"]) == (str(other), str(owner))
    assert await casework.published("worker.reassigned") == []
    await casework.move(case, "start", other)
    problem(
        await casework.try_move(case, "submit", owner, result="resolved", effort_minutes=1),
        403,
        "not-your-case",
    )
    made = (await casework.decisions(case))[0]
    assert made["explanation"] == ["张三（L0003）接受了同事的转办请求。"]


async def test_declined_it_stays_where_it_is(casework: Casework) -> None:
    case, owner, other = await _offered(casework)
    assert (await casework.move(case, "transfer/decline", other))["worker"] == str(owner)
    assert (await casework.case(case))["transfer"] is None
    problem(await casework.try_move(case, "transfer/accept", other), 409, "no-transfer-offered")


async def test_the_owner_takes_an_offer_back(casework: Casework) -> None:
    case, owner, other = await _offered(casework)
    problem(await casework.try_move(case, "transfer/withdraw", other), 403, "not-your-case")
    await casework.move(case, "transfer/withdraw", owner)
    problem(await casework.try_move(case, "transfer/withdraw", owner), 409, "no-transfer-offered")


async def test_only_whom_it_was_offered_to_answers(casework: Casework) -> None:
    case, owner, _ = await _offered(casework)
    third = await casework.worker()
    for who in (owner, third):
        problem(await casework.try_move(case, "transfer/accept", who), 403, "not-offered-to-you")
    assert (await casework.client().post(f"/v1/cases/{case}/transfer/accept")).status_code == 403


async def test_one_offer_at_a_time_and_to_someone_who_is_there(casework: Casework) -> None:
    case, owner, other = await _offered(casework)
    again = {"to": str(other), "reason": "workload"}
    problem(await casework.try_move(case, "transfer", owner, **again), 409, "transfer-pending")
    await casework.move(case, "transfer/withdraw", owner)
    problem(
        await casework.try_move(case, "transfer", owner, to=str(owner), reason="workload"), 409, "same-worker"
    )
    problem(
        await casework.try_move(case, "transfer", owner, to=str(new_id()), reason="workload"),
        404,
        "unknown-worker",
    )
    days = {"first_day": "2026-11-18", "last_day": "2026-11-18", "reason": "sick_leave"}
    await casework.as_worker(other).post(f"/v1/workers/{other}/absences", json=days)
    problem(await casework.try_move(case, "transfer", owner, **again), 409, "worker-absent")


async def test_an_offer_lapses_when_the_case_goes_another_way(casework: Casework) -> None:
    case, owner, other = await _offered(casework)
    await casework.move(case, "submit", owner, result="explained", effort_minutes=20)
    problem(await casework.try_move(case, "transfer/accept", other), 409, "no-transfer-offered")
    assert "transfer_lapsed" in [line["what"] for line in await casework.story(case)]


async def test_an_offer_lapses_with_the_request(casework: Casework) -> None:
    case, owner, other = await _offered(casework)
    await casework.hear(RequestWithdrawn(request=case, resident=new_id()))
    problem(await casework.try_move(case, "transfer/accept", other), 409, "no-transfer-offered")
    assert await casework.loads() == {owner: 0, other: 0}
