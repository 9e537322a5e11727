"""Nobody is told of a vacancy that is gone, nor shown one, whatever happens in between."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from services.employment.matching import actions, queries
from services.employment.matching.policy import MatchingPolicy
from services.employment.vacancies.actions import fill
from tests.services.employment.conftest import Employment


@pytest.mark.parametrize("ending", ["filled", "closed", "expired"])
async def test_one_that_went_before_its_event_was_heard(employment: Employment, ending: str) -> None:
    seeker = await employment.seeker()
    vacancy = await employment.vacancy(expires="2026-11-19T02:00:00Z")
    await _end(employment, vacancy, ending)
    await employment.hear()
    assert await employment.told() == []
    assert await employment.matches(seeker) == []


@pytest.mark.parametrize("ending", ["filled", "closed", "expired"])
async def test_one_that_went_before_a_seeker_came(employment: Employment, ending: str) -> None:
    vacancy = await employment.vacancy(expires="2026-11-19T02:00:00Z")
    await employment.hear()
    await _end(employment, vacancy, ending)
    seeker = await employment.seeker()
    await employment.hear()
    assert await employment.told() == []
    assert await employment.matches(seeker) == []


@pytest.mark.parametrize("ending", ["filled", "closed", "expired"])
async def test_one_that_went_is_shown_no_more(employment: Employment, ending: str) -> None:
    vacancy = await employment.vacancy(expires="2026-11-19T02:00:00Z")
    seeker = await employment.seeker()
    await employment.hear()
    assert len(await employment.matches(seeker)) == 1
    await _end(employment, vacancy, ending)
    assert await employment.matches(seeker) == []
    candidates = await employment.desk.get(f"/v1/vacancies/{vacancy}/matches")
    assert candidates.json()["items"] == []


async def test_its_matches_are_kept_as_superseded(employment: Employment) -> None:
    vacancy = await employment.vacancy()
    await employment.seeker()
    await employment.hear()
    await _end(employment, vacancy, "filled")
    async with employment.database.transaction("longxi") as session:
        rows = (await session.execute(text("SELECT superseded_by, told FROM match"))).all()
    assert [(row.superseded_by, row.told is not None) for row in rows] == [("vacancy", True)]


async def test_a_seeker_who_left_is_told_nothing(employment: Employment) -> None:
    seeker = await employment.seeker()
    await employment.vacancy()
    await employment.desk.post(f"/v1/seekers/{seeker}/exit", json={"reason": "retired"})
    await employment.hear()
    assert await employment.told() == []


async def test_the_matches_of_a_seeker_who_left_are_kept_as_superseded(employment: Employment) -> None:
    vacancy = await employment.vacancy()
    seeker = await employment.seeker()
    await employment.hear()
    await employment.desk.post(f"/v1/seekers/{seeker}/exit", json={"reason": "retired"})
    async with employment.database.transaction("longxi") as session:
        reasons = (await session.scalars(text("SELECT superseded_by FROM match"))).all()
    assert reasons == ["seeker"]
    candidates = await employment.desk.get(f"/v1/vacancies/{vacancy}/matches")
    assert candidates.json()["items"] == []


async def test_one_post_less_is_less_room(employment: Employment) -> None:
    vacancy = await employment.vacancy(posts=2)
    await employment.desk.post(f"/v1/vacancies/{vacancy}/fill", json={"posts": 1})
    for _ in range(22):
        await employment.seeker()
    await employment.hear()
    assert len(await employment.told()) == 20


async def test_whoever_fills_it_waits_for_those_who_are_being_told(employment: Employment) -> None:
    """The two meet in the database: what is told was open when it was told, and from then on nothing is told of it."""
    vacancy = UUID(await employment.vacancy())
    seeker = UUID(await employment.seeker())
    now = employment.clock()

    async def take_all() -> None:
        async with employment.database.transaction("longxi") as session:
            await fill(session, vacancy, posts=None, now=now)

    async with employment.database.transaction("longxi") as session:
        assert len(await queries.open_vacancies(session, now, ids=[vacancy])) == 1
        filling = asyncio.create_task(take_all())  # between a run's look and what it tells
        await asyncio.wait([filling], timeout=0.3)
        assert not filling.done()
        assert await actions.match_seekers(session, {seeker: None}, policy=MatchingPolicy(), now=now) == 1
    async with asyncio.timeout(10):
        await filling
    types = [event.type for event in await employment.published()]
    assert types.index("job.matched") < types.index("vacancy.filled")
    assert await employment.matches(str(seeker)) == []


async def _end(employment: Employment, vacancy: str, ending: str) -> None:
    """`expired` by the clock alone: the job has not run."""
    if ending == "expired":
        employment.clock.advance(timedelta(days=1))
        return
    path, body = {
        "filled": ("fill", {}),
        "closed": ("close", {"reason": "withdrawn"}),
    }[ending]
    answer = await employment.desk.post(f"/v1/vacancies/{vacancy}/{path}", json=body)
    assert answer.json()["state"] == ending
