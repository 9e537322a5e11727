"""Runs that meet: the pair is assessed as it is in the end, and told once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.employment.matching import actions, queries
from services.employment.matching.policy import MatchingPolicy
from services.employment.seekers.actions import change, erase
from services.employment.seekers.queries import profile_of
from services.employment.seekers.tables import Seeker
from tests.services.employment.conftest import Employment

POLICY = MatchingPolicy()


async def test_two_runs_that_meet_at_a_pair_tell_of_it_once(employment: Employment) -> None:
    vacancy, seeker = UUID(await employment.vacancy()), UUID(await employment.seeker())
    now = employment.clock()

    async with employment.database.transaction("longxi") as session:
        first = await actions.match_seekers(session, {seeker: None}, policy=POLICY, now=now)
        other = _started(
            employment, lambda s: actions.match_vacancies(s, {vacancy: None}, policy=POLICY, now=now)
        )
        await asyncio.wait([other], timeout=0.3)
    async with asyncio.timeout(10):
        assert (first, await other) == (1, 0)
    assert len(await employment.told()) == 1
    assert len(await employment.matches(str(seeker))) == 1


async def test_a_change_during_a_run_is_what_counts_in_the_end(employment: Employment) -> None:
    vacancy, seeker = UUID(await employment.vacancy()), UUID(await employment.seeker())
    now = employment.clock()

    async def ask_for_more(session: AsyncSession) -> int:
        wanted = replace(profile_of(await session.get_one(Seeker, seeker)), minimum_pay=900_000)
        return await change(
            session, seeker, wanted, of=None, policy=POLICY, now=now, check_version=lambda _: None
        )

    async with employment.database.transaction("longxi") as session:
        assert len(await queries.active_seekers(session, ids=[seeker])) == 1
        other = _started(employment, ask_for_more)  # between a run's look and what it stores
        await asyncio.wait([other], timeout=0.3)
        assert not other.done()
        await actions.match_vacancies(session, {vacancy: None}, policy=POLICY, now=now)
    async with asyncio.timeout(10):
        await other
    assert await employment.matches(str(seeker)) == []


async def test_who_is_erased_while_being_matched_is_gone_afterwards(employment: Employment) -> None:
    vacancy, seeker = UUID(await employment.vacancy()), UUID(await employment.seeker())
    now = employment.clock()
    async with employment.database.transaction("longxi") as session:
        resident = (await session.get_one(Seeker, seeker)).resident
    async with employment.database.transaction("longxi") as session:
        await actions.match_vacancies(session, {vacancy: None}, policy=POLICY, now=now)
        other = _started(employment, lambda s: erase(s, resident, now=now))
        await asyncio.wait([other], timeout=0.3)
    async with asyncio.timeout(10):
        await other
    async with employment.database.transaction("longxi") as session:
        left = await session.scalar(
            text("SELECT (SELECT count(*) FROM seeker) + (SELECT count(*) FROM match)")
        )
    assert left == 0


def _started(
    employment: Employment, action: Callable[[AsyncSession], Awaitable[object]]
) -> "asyncio.Task[object]":
    async def run() -> object:
        async with employment.database.transaction("longxi") as session:
            return await action(session)

    return asyncio.create_task(run())
