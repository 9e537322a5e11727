"""Joined requests share a case: their residents are told what the first is told, rate for themselves, and may leave.

Guards docs/invariants/everyone-joined-is-followed.md.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from services.intake.duplicates.rules.joining import MOST_JOINED
from services.intake.requests.queries import lock_several
from shared.database import new_id
from shared.security import Role
from tests.services.intake.conftest import Intake, assigned
from tests.services.intake.many import copied
from tests.services.intake.test_similar import DOGS, LAMP, LAMP_AGAIN
from tests.support.web import problem

PHONES = iter(range(19900002000, 19900009999))


async def person(intake: Intake) -> str:
    return await intake.resident(phone=str(next(PHONES)))


async def filed(intake: Intake, words: Mapping[str, str] = LAMP) -> tuple[str, str]:
    """A request and its resident."""
    resident = await person(intake)
    return (await intake.file(resident, **words))["id"], resident


async def joined(intake: Intake, request: str, of: str, resident: str | None = None) -> dict[str, Any]:
    client = intake.as_() if resident is None else intake.as_(Role.RESIDENT, resident)
    answer = await client.post(f"/v1/requests/{request}/join", json={"of": of})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def main_of(intake: Intake, request: str) -> str | None:
    (row,) = [
        each for each in await intake.rows("SELECT id, duplicate_of FROM request") if str(each.id) == request
    ]
    return None if row.duplicate_of is None else str(row.duplicate_of)


async def closed(intake: Intake, request: str, resident: str) -> None:
    await intake.handled(request, resident)
    await intake.move(request, "verify")
    moved = await intake.move(request, "close", {"outcome": "resolved"})
    assert moved.status_code == 200, moved.text


async def test_a_resident_joins_by_the_number_that_was_offered(intake: Intake) -> None:
    main, _ = await filed(intake)
    own, resident = await filed(intake, LAMP_AGAIN)
    number = (await intake.read(main))["reference"]
    moved = await joined(intake, own, number, resident)
    assert moved["state"] == "duplicate"
    assert await main_of(intake, own) == main
    (event,) = await intake.published("request.duplicated")
    assert (event["request"], event["duplicate_of"], event["moved"]) == (own, main, False)


async def test_nobody_follows_what_is_not_like_their_own(intake: Intake) -> None:
    main, _ = await filed(intake)
    own, resident = await filed(intake, DOGS)
    answer = await intake.as_(Role.RESIDENT, resident).post(f"/v1/requests/{own}/join", json={"of": main})
    problem(answer, 409, "requests-not-alike")
    assert (await joined(intake, own, main))["state"] == "duplicate", "a worker may know better"


async def test_only_ones_own_is_joined(intake: Intake) -> None:
    main, _ = await filed(intake)
    other, _ = await filed(intake, LAMP_AGAIN)
    _, resident = await filed(intake, LAMP_AGAIN)
    answer = await intake.as_(Role.RESIDENT, resident).post(f"/v1/requests/{other}/join", json={"of": main})
    problem(answer, 404, "request-not-found")


async def test_whatever_the_first_is_told_the_joined_are_told(intake: Intake) -> None:
    main, first = await filed(intake)
    others = [await filed(intake, LAMP_AGAIN) for _ in range(2)]
    for request, resident in others:
        await joined(intake, request, main, resident)
    await closed(intake, main, first)
    followed = await intake.published("request.followed")
    for request, resident in others:
        mine = [event for event in followed if event["request"] == request]
        assert [event["what"] for event in mine] == ["accept", "dispatch", "start", "submit", "close"]
        assert {event["resident"] for event in mine} == {resident}
        assert {event["of"] for event in mine} == {main}
        assert mine[-1]["outcome"] == "resolved"
    request, resident = others[0]
    answer = await intake.as_(Role.RESIDENT, resident).get(f"/v1/requests/{request}/story")
    entries = answer.json()["entries"]
    whats = [entry["details"]["what"] for entry in entries if entry["entry"] == "followed"]
    assert whats == ["accept", "dispatch", "start", "submit", "verify", "close"]
    assert first not in answer.text


async def test_each_rates_for_themselves_once(intake: Intake) -> None:
    main, first = await filed(intake)
    own, resident = await filed(intake, LAMP_AGAIN)
    await joined(intake, own, main, resident)
    client = intake.as_(Role.RESIDENT, resident)
    rating = {"responded": True, "resolved": False, "satisfied": False}
    early = await client.post(f"/v1/requests/{own}/rate", json=rating)
    problem(early, 409, "main-request-not-ended")
    await closed(intake, main, first)
    intake.clock.advance(timedelta(hours=1))
    assert (await client.post(f"/v1/requests/{own}/rate", json=rating)).status_code == 200
    problem(await client.post(f"/v1/requests/{own}/rate", json=rating), 409, "rated-already")
    (event,) = await intake.published("request.rated")
    assert (event["request"], event["satisfied"]) == (own, False)
    assert (await intake.read(main))["state"] == "closed", "the first has its own rating to give"


async def test_chains_are_flat(intake: Intake) -> None:
    a, b, c = [(await filed(intake))[0] for _ in range(3)]
    await joined(intake, b, a)
    await joined(intake, c, b)
    assert await main_of(intake, c) == a
    d, _ = await filed(intake)
    await joined(intake, a, d)
    assert {await main_of(intake, each) for each in (a, b, c)} == {d}
    moved = [event for event in await intake.published("request.duplicated") if event["moved"]]
    assert sorted(event["request"] for event in moved) == sorted([b, c])
    assert all(event["duplicate_of"] == d for event in moved)


async def test_a_withdrawn_one_leaves_nobody_behind(intake: Intake) -> None:
    main, first = await filed(intake)
    others = [await filed(intake, LAMP_AGAIN) for _ in range(3)]
    for request, resident in others:
        await joined(intake, request, main, resident)
    intake.clock.advance(timedelta(days=1))
    withdrawn = await intake.as_(Role.RESIDENT, first).post(f"/v1/requests/{main}/withdraw")
    assert withdrawn.json()["state"] == "withdrawn"
    heir, second, third = (request for request, _ in others)
    record = await intake.read(heir)
    assert (record["state"], record["duplicate_of"]) == ("filed", None)
    assert {await main_of(intake, second), await main_of(intake, third)} == {heir}
    (event,) = await intake.published("request.separated")
    assert (event["request"], event["promoted"]) == (heir, True)


async def test_a_resident_who_disagrees_stands_alone_again(intake: Intake) -> None:
    main, _ = await filed(intake)
    own, resident = await filed(intake, LAMP_AGAIN)
    await joined(intake, own, main, resident)
    before = (await intake.read(own))["due"]
    intake.clock.advance(timedelta(days=3))
    answer = await intake.as_(Role.RESIDENT, resident).post(f"/v1/requests/{own}/separate")
    assert (answer.status_code, answer.json()["state"]) == (200, "filed")
    assert answer.json()["due"] > before, "its limits run from now"
    await intake.move(main, "accept")
    assert not await intake.published("request.followed"), "it does not follow any more"
    assert [entry["entry"] for entry in await intake.story(own)] == ["filed", "mark_duplicate", "separate"]


async def test_after_a_week_one_waits_for_what_comes_of_it(intake: Intake) -> None:
    main, first = await filed(intake)
    own, resident = await filed(intake, LAMP_AGAIN)
    await joined(intake, own, main, resident)
    intake.clock.advance(timedelta(days=8))
    client = intake.as_(Role.RESIDENT, resident)
    problem(await client.post(f"/v1/requests/{own}/separate"), 409, "separation-window-closed")
    await closed(intake, main, first)
    assert (await client.post(f"/v1/requests/{own}/separate")).json()["state"] == "filed"


async def test_an_assignment_that_comes_late_finds_it_joined(intake: Intake) -> None:
    """Casework assigned it in the second before it was joined: written down, and nothing changes."""
    main, _ = await filed(intake)
    own, resident = await filed(intake, LAMP_AGAIN)
    await joined(intake, own, main)
    await intake.receive(assigned(own, resident, new_id()))
    assert (await intake.read(own))["state"] == "duplicate"


async def test_a_joined_one_is_found_by_workers_beside_its_main_one(intake: Intake) -> None:
    main, first = await filed(intake)
    own, _ = await filed(intake, LAMP_AGAIN)
    await joined(intake, own, main)
    answer = await intake.as_().get(f"/v1/requests/{main}/joined")
    assert [item["id"] for item in answer.json()["items"]] == [own]
    refused = await intake.as_(Role.RESIDENT, first).get(f"/v1/requests/{main}/joined")
    assert refused.status_code == 403


@pytest.mark.parametrize("round", range(5))
async def test_of_two_who_join_each_other_at_once_one_wins(intake: Intake, round: int) -> None:
    (a, _), (b, _) = await filed(intake), await filed(intake)
    another = intake.another_process()
    answers = await asyncio.gather(
        intake.as_().post(f"/v1/requests/{a}/join", json={"of": b}),
        another.as_().post(f"/v1/requests/{b}/join", json={"of": a}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    mains = [await main_of(intake, a), await main_of(intake, b)]
    assert sorted(mains, key=str) in (
        [b, None],
        [a, None],
        sorted([a, None], key=str),
        sorted([b, None], key=str),
    )


async def test_a_crowd_that_joins_separates_and_withdraws_at_once_loses_nobody(intake: Intake) -> None:
    everybody = [await filed(intake, LAMP_AGAIN if number % 2 else LAMP) for number in range(8)]
    ids = [request for request, _ in everybody]
    other = intake.another_process()
    calls = []
    for number, id in enumerate(ids):
        client = (intake if number % 2 else other).as_(Role.HEAD, "head-1")
        calls += [client.post(f"/v1/requests/{id}/join", json={"of": ids[(number + 1) % len(ids)]})]
        calls += [client.post(f"/v1/requests/{id}/separate")]
    for request, resident in everybody[:3]:
        calls.append(intake.as_(Role.RESIDENT, resident).post(f"/v1/requests/{request}/withdraw"))
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} <= {200, 409}
    rows = await intake.rows("SELECT id, state, duplicate_of FROM request")
    states = {row.id: row.state for row in rows}
    for row in rows:
        if row.state == "duplicate":
            assert states[row.duplicate_of] not in {"duplicate", "withdrawn"}
        else:
            assert row.duplicate_of is None


async def test_a_request_takes_in_500_and_each_of_them_is_told(intake: Intake) -> None:
    main, first = await filed(intake)
    own, _ = await filed(intake, LAMP_AGAIN)
    await joined(intake, own, main)
    await copied(intake, "request", own, MOST_JOINED - 2)

    group, other = await filed(intake)
    await joined(intake, (await filed(intake))[0], group)
    answer = await intake.as_().post(f"/v1/requests/{group}/mark-duplicate", json={"of": main})
    refused = problem(answer, 409, "too-many-joined")
    assert "500" in refused["detail"]
    assert await main_of(intake, group) is None

    last, resident = await filed(intake)
    await joined(intake, last, main, resident)
    one_more, resident = await filed(intake)
    client = intake.as_(Role.RESIDENT, resident)
    problem(await client.post(f"/v1/requests/{one_more}/join", json={"of": main}), 409, "too-many-joined")
    problem(await client.post(f"/v1/requests/{one_more}/join", json={"of": last}), 409, "too-many-joined")
    assert (await intake.read(one_more))["state"] == "filed"

    await intake.receive(assigned(main, first, new_id()), assigned(group, other, new_id()))
    told = [event["of"] for event in await intake.published("request.followed")]
    assert (told.count(main), told.count(group)) == (2 * MOST_JOINED, 2)


async def test_any_number_of_requests_is_locked_at_once(intake: Intake) -> None:
    """PostgreSQL takes 32,767 parameters at most."""
    async with intake.database.transaction("longxi") as session:
        assert await lock_several(session, [new_id() for _ in range(33_000)]) == {}
