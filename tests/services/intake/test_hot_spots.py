"""The same concern at the same place becomes a hot spot, and its head and district hear of it before it is a crisis."""

from datetime import timedelta

from shared.security import Role
from tests.services.intake.conftest import Intake, grid
from tests.services.intake.test_joining import person
from tests.services.intake.test_similar import DOGS, LAMP, LAMP_AGAIN
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
