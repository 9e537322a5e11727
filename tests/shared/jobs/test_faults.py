"""The database away for a while: a job stops before anybody else could run it, and all goes on when it is back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from shared.clock import system_clock
from shared.database import Database
from shared.database.migrations import drift
from shared.database.provision import Access
from shared.jobs import Job, Scheduler
from shared.jobs.migrations import attach
from tests.shared.jobs.test_scheduler import LOOK, OFTEN, SHORT, Work, recorded, running, until


class Unsteady(Database):
    """A database whose server can be away."""

    away = False

    @asynccontextmanager
    async def everywhere(self) -> AsyncIterator[AsyncSession]:
        if self.away:
            raise ConnectionRefusedError("the server is away")
        async with super().everywhere() as session:
            yield session


@pytest.fixture
async def unsteady(jobs_access: Access) -> AsyncIterator[Unsteady]:
    opened = Unsteady(jobs_access.url)
    yield opened
    await opened.stop()


async def test_a_job_stops_before_its_lease_is_over_and_runs_again(unsteady: Unsteady) -> None:
    work = Work(takes=60)
    job = Job("sweep", timedelta(hours=1), work)
    one = Scheduler(unsteady, [job], "a", system_clock, lease=SHORT, look=LOOK)
    with capture_logs() as lines:
        async with running(one):
            await work.running.wait()
            unsteady.away = True
            went = asyncio.get_running_loop().time()
            await until(lambda: work.together == 0)
            assert asyncio.get_running_loop().time() - went < SHORT.total_seconds()
            work.takes = 0.0
            unsteady.away = False
            await until(lambda: work.ended == 1)
    assert work.most == 1
    assert any("lease is lost" in line["event"] for line in lines)


async def test_a_short_absence_is_not_noticed_by_the_job(unsteady: Unsteady) -> None:
    work = Work(takes=SHORT.total_seconds())
    one = Scheduler(
        unsteady, [Job("sweep", timedelta(hours=1), work)], "a", system_clock, lease=SHORT, look=LOOK
    )
    async with running(one):
        await work.running.wait()
        unsteady.away = True
        await asyncio.sleep(SHORT.total_seconds() / 4)
        unsteady.away = False
        await until(lambda: work.ended == 1)


async def test_a_scheduler_that_begins_without_a_database_waits_for_it(unsteady: Unsteady) -> None:
    work = Work()
    unsteady.away = True
    one = Scheduler(unsteady, [Job("sweep", OFTEN, work)], "a", system_clock, lease=SHORT, look=LOOK)
    async with running(one):
        await asyncio.sleep(0.3)
        assert work.begun == 0
        unsteady.away = False
        await until(lambda: work.ended >= 1)
        await until(recorded("done", unsteady))


async def test_the_model_is_the_table(jobs_access: Access) -> None:
    metadata = MetaData()
    attach(metadata)
    assert await asyncio.to_thread(drift, metadata, jobs_access.owner_url) == []
