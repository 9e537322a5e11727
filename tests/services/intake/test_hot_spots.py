"""The same concern at the same place becomes a hot spot, and its head and district hear of it before it is a crisis."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.hot_spots import queries
from services.intake.hot_spots.rules import Terms
from shared.security import Role
from tests.services.intake.conftest import Intake, grid
from tests.services.intake.many import copied
from tests.services.intake.test_joining import person
from tests.services.intake.test_similar import DOGS, LAMP, LAMP_AGAIN
from tests.support.heat import Said, heat_of
from tests.support.web import problem


async def looked(intake: Intake) -> None:
    intake.clock.advance(timedelta(minutes=2))
    await intake.run("hot-spots-looking")


async def file(intake: Intake, *words: dict[str, str], **more: str) -> list[str]:
    return [(await intake.file(await person(intake), **each, **more))["id"] for each in words]


async def test_three_neighbours_make_one(intake: Intake) -> None:
    await intake.receive(grid(("龙溪花园3栋",)))
    ids = await file(intake, LAMP, LAMP_AGAIN, address="龙溪花园3栋", category="0102")
    await file(intake, DOGS)
    await looked(intake)
    (spot,) = (await intake.as_().get("/v1/hot-spots")).json()["items"]
    assert (spot["state"], spot["requests"], spot["residents"], spot["heat"]) == ("emerging", 2, 2, 20)
    assert (spot["place"], spot["category"]) == ("龙溪花园3栋", "0102")
    assert not await intake.published("hot_spot.announced")

    ids += await file(intake, LAMP_AGAIN, address="龙溪花园3栋", category="0102")
    await looked(intake)
    (spot,) = (await intake.as_().get("/v1/hot-spots?state=announced")).json()["items"]
    assert (spot["requests"], spot["heat"]) == (3, 30)
    (event,) = await intake.published("hot_spot.announced")
    assert (event["hot_spot"], event["place"], event["residents"]) == (spot["id"], "龙溪花园3栋", 3)
    behind = await intake.as_().get(f"/v1/hot-spots/{spot['id']}/requests")
    assert [item["id"] for item in behind.json()["items"]] == ids[::-1]


async def test_looking_again_changes_nothing(intake: Intake) -> None:
    await file(intake, LAMP, LAMP_AGAIN, LAMP)
    await looked(intake)
    await looked(intake)
    assert len(await intake.published("hot_spot.announced")) == 1
    (spot,) = (await intake.as_().get("/v1/hot-spots")).json()["items"]
    assert spot["requests"] == 3


async def test_it_cools_and_may_come_back(intake: Intake) -> None:
    await file(intake, LAMP, LAMP_AGAIN, LAMP)
    await looked(intake)
    intake.clock.advance(timedelta(days=25))
    await intake.run("hot-spots-cooling")
    (spot,) = (await intake.as_().get("/v1/hot-spots")).json()["items"]
    assert (spot["state"], spot["heat"]) == ("cooled", 9)
    (event,) = await intake.published("hot_spot.cooled")
    assert event["heat"] == 9
    await file(intake, LAMP, LAMP_AGAIN, LAMP)
    await looked(intake)
    (spot,) = (await intake.as_().get("/v1/hot-spots")).json()["items"]
    assert (spot["state"], spot["requests"]) == ("announced", 6)


async def test_me_too_counts_once_each(intake: Intake) -> None:
    await file(intake, LAMP, LAMP_AGAIN)
    await looked(intake)
    (spot,) = (await intake.as_().get("/v1/hot-spots")).json()["items"]
    path = f"/v1/hot-spots/{spot['id']}/votes"
    voters = [await person(intake) for _ in range(2)]
    for voter in (*voters, voters[0]):
        answer = await intake.as_(Role.RESIDENT, voter).post(path, json={})
        assert answer.status_code == 200, answer.text
    assert (answer.json()["votes"], answer.json()["heat"], answer.json()["state"]) == (2, 30, "announced")
    record = await intake.as_(Role.RESIDENT, voters[0]).get(f"/v1/hot-spots/{spot['id']}")
    assert record.json()["arithmetic"]["people"] == 2.0
    assert record.json()["arithmetic"]["votes"] == 2.0
    back = await intake.as_(Role.RESIDENT, voters[0]).post(f"{path}/take-back", json={})
    assert (back.json()["votes"], back.json()["state"]) == (1, "announced")


async def test_a_vote_is_ones_own(intake: Intake) -> None:
    await file(intake, LAMP, LAMP_AGAIN)
    await looked(intake)
    (spot,) = (await intake.as_().get("/v1/hot-spots")).json()["items"]
    path = f"/v1/hot-spots/{spot['id']}/votes"
    one, other = await person(intake), await person(intake)
    problem(await intake.as_(Role.RESIDENT, one).post(path, json={"resident": other}), 403, "own-vote-only")
    problem(await intake.as_().post(path, json={}), 422, "vote-without-resident")
    assert (await intake.as_().post(path, json={"resident": other})).json()["votes"] == 1


async def test_residents_see_numbers_and_no_requests(intake: Intake) -> None:
    await file(intake, LAMP, LAMP_AGAIN)
    await looked(intake)
    resident = intake.as_(Role.RESIDENT, await person(intake))
    (spot,) = (await resident.get("/v1/hot-spots")).json()["items"]
    assert (await resident.get(f"/v1/hot-spots/{spot['id']}/requests")).status_code == 403


async def test_what_was_taken_back_counts_no_more(intake: Intake) -> None:
    ids = await file(intake, LAMP, LAMP_AGAIN)
    await looked(intake)
    withdrawn = await intake.as_(Role.PORTAL, "portal-1").post(f"/v1/requests/{ids[0]}/withdraw")
    assert withdrawn.status_code == 200, withdrawn.text
    intake.clock.advance(timedelta(hours=7))
    await intake.run("hot-spots-cooling")
    (spot,) = (await intake.as_().get("/v1/hot-spots")).json()["items"]
    assert (spot["requests"], spot["residents"]) == (1, 1)


async def test_the_database_counts_what_the_formula_says(intake: Intake) -> None:
    """Several a person, over weeks, without a category or with another, one taken back, voters who filed as well."""
    categories = (None, "0205", "0102", "0102", "0205", None, "0103")
    people = [await person(intake) for _ in range(3)]
    for number, category in enumerate(categories):
        said = LAMP if number % 2 else LAMP_AGAIN
        known = {} if category is None else {"category": category}
        request = await intake.file(people[number % len(people)], **said, **known)
        intake.clock.advance(timedelta(days=number, minutes=7))
    await looked(intake)
    withdrawn = await intake.as_(Role.PORTAL, "portal-1").post(f"/v1/requests/{request['id']}/withdraw")
    assert withdrawn.status_code == 200, withdrawn.text
    (spot,) = (await intake.as_().get("/v1/hot-spots")).json()["items"]
    for voter in (people[0], await person(intake), await person(intake)):
        path = f"/v1/hot-spots/{spot['id']}/votes"
        assert (await intake.as_(Role.RESIDENT, voter).post(path, json={})).status_code == 200
        intake.clock.advance(timedelta(days=2))

    left = await intake.rows("SELECT resident, filed, category FROM request WHERE state <> 'withdrawn'")
    votes = await intake.rows("SELECT resident, at FROM hot_spot_vote")
    assert (len(left), len(votes)) == (6, 3)
    terms, now, id, other = Terms(half_life_days=5), intake.clock(), UUID(spot["id"]), UUID(int=7)
    expected = heat_of(
        [Said(row.resident, row.filed) for row in left],
        [Said(vote.resident, vote.at) for vote in votes],
        now,
        terms,
    )
    async with intake.database.transaction("longxi") as session:
        measured = await queries.measured(session, [id, other], terms, now)
    heat = measured[id].heat
    assert (heat.people, heat.repeats, heat.votes) == pytest.approx(
        (expected.people, expected.repeats, expected.votes)
    )
    assert (heat.requests, heat.residents, heat.voters) == (6, 3, 2)
    assert heat.index == expected.index
    taken = sorted(row.category for row in left if row.category)
    assert measured[id].category == max(dict.fromkeys(taken), key=taken.count)
    filed = [row.filed for row in left]
    assert (measured[id].first, measured[id].last) == (min(filed), max(filed))
    assert measured[other] == (type(heat)(), None, None, None, None, None)


async def test_what_was_said_before_the_district_had_computers_weighs_nothing(intake: Intake) -> None:
    await file(intake, LAMP, LAMP_AGAIN)
    await looked(intake)
    (spot,) = (await intake.as_().get("/v1/hot-spots")).json()["items"]
    id, far = UUID(spot["id"]), intake.clock() + timedelta(days=3650)
    async with intake.database.transaction("longxi") as session:
        measured = await queries.measured(session, [id], Terms(half_life_days=1), far)
    assert (measured[id].heat.index, measured[id].heat.requests) == (0, 2)


async def voted(intake: Intake, spot: str, resident: str, *, take_back: bool = False) -> dict[str, Any]:
    path = f"/v1/hot-spots/{spot}/votes" + ("/take-back" if take_back else "")
    answer = await intake.as_(Role.RESIDENT, resident).post(path, json={})
    assert answer.status_code == 200, answer.text
    line: dict[str, Any] = answer.json()
    return line


async def test_a_vote_that_changes_nothing_measures_nothing(intake: Intake) -> None:
    author, voter = await person(intake), await person(intake)
    await intake.file(author, **LAMP)
    await file(intake, LAMP_AGAIN)
    await looked(intake)
    (spot,) = (await intake.as_().get("/v1/hot-spots")).json()["items"]
    line = await voted(intake, spot["id"], voter)
    intake.clock.advance(timedelta(hours=1))
    assert await voted(intake, spot["id"], voter) == line
    assert await voted(intake, spot["id"], author) == line, "counted already: it is their own request"
    assert await voted(intake, spot["id"], author, take_back=True) == line


async def test_a_crowd_at_a_big_one_is_counted_and_measured_once(intake: Intake) -> None:
    await file(intake, LAMP, LAMP_AGAIN)
    await looked(intake)
    (spot,) = (await intake.as_().get("/v1/hot-spots")).json()["items"]
    await intake.change("UPDATE hot_spot SET requests = 1000")  # measuring would find the two that there are
    voters = [await person(intake) for _ in range(3)]
    for number, voter in enumerate(voters, 1):
        line = await voted(intake, spot["id"], voter)
        assert (line["requests"], line["votes"], line["heat"]) == (1000, number, spot["heat"])
    line = await voted(intake, spot["id"], voters[0], take_back=True)
    assert (line["requests"], line["votes"], line["state"]) == (1000, 2, "emerging")

    await intake.run("hot-spots-cooling")
    (line,) = (await intake.as_().get("/v1/hot-spots")).json()["items"]
    assert (line["requests"], line["votes"], line["heat"], line["state"]) == (2, 2, 30, "announced")
    assert await intake.rows("SELECT 1 FROM hot_spot WHERE stale") == []

    await intake.change("UPDATE hot_spot SET requests = 1000")
    intake.clock.advance(timedelta(seconds=10))
    line = await voted(intake, spot["id"], voters[0])
    assert (line["requests"], line["votes"], line["heat"]) == (2, 3, 35), "it was measured a while ago"


async def test_two_with_thousands_of_votes_become_one(intake: Intake) -> None:
    """PostgreSQL takes 32,767 parameters at most: three for each vote are too many from 10,923 on."""
    crowd = 11_000
    ids = await file(intake, LAMP, LAMP_AGAIN, LAMP, LAMP_AGAIN)
    await looked(intake)
    (spot,) = (await intake.as_().get("/v1/hot-spots")).json()["items"]
    await copied(intake, "hot_spot", spot["id"], 1)
    await intake.change(f"""
        UPDATE hot_spot_member SET hot_spot = other.id FROM hot_spot other
        WHERE other.id <> '{spot["id"]}' AND request IN ('{ids[0]}', '{ids[1]}')
    """)  # noqa: S608 - of the test's own
    await copied(intake, "resident", await person(intake), crowd - 1)
    await intake.change(f"""
        INSERT INTO hot_spot_vote (hot_spot, resident, at)
        SELECT spot.id, voter.id, spot.measured FROM hot_spot spot CROSS JOIN (
            SELECT id FROM resident WHERE id NOT IN (SELECT resident FROM request) LIMIT {crowd}
        ) voter
    """)  # noqa: S608 - of the test's own
    await file(intake, LAMP)
    await looked(intake)
    whole, empty = await intake.rows("SELECT requests, votes FROM hot_spot ORDER BY requests DESC")
    assert ((whole.requests, whole.votes), (empty.requests, empty.votes)) == ((5, crowd), (0, 0))
    (kept,) = await intake.rows("SELECT count(*) AS votes FROM hot_spot_vote")
    assert kept.votes == crowd
