"""A job runs in one place at a time, goes on elsewhere when that place is gone, and its runs are recorded."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from shared.clock import system_clock
from shared.database import Database
from shared.jobs import Job, JobBusy, JobState, Scheduler, UnknownJob, leases
from shared.observing import metrics, trace
from shared.testing.clock import FrozenClock

# Long enough for a renewal on a busy machine, short enough to wait for.
SHORT = timedelta(milliseconds=1500)
LOOK = timedelta(milliseconds=50)
OFTEN = timedelta(milliseconds=100)


class Work:
    """Counts its runs and how many went on together."""

    def __init__(self, takes: float = 0.0, fails: Exception | None = None) -> None:
        self.takes, self.fails = takes, fails
        self.begun, self.ended, self.together, self.most = 0, 0, 0, 0
        self.running = asyncio.Event()

    async def __call__(self) -> None:
        self.begun += 1
        self.together += 1
        self.most = max(self.most, self.together)
        self.running.set()
        try:
            await asyncio.sleep(self.takes)
        finally:
            self.together -= 1
        if self.fails:
            raise self.fails
        self.ended += 1


def scheduler(database: Database, *jobs: Job, holder: str = "a", lease: timedelta = SHORT) -> Scheduler:
    return Scheduler(database, jobs, holder, system_clock, lease=lease, look=LOOK)


@asynccontextmanager
async def running(*schedulers: Scheduler) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(one.run()) for one in schedulers]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(what: Callable[[], bool | Awaitable[bool]], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            result = what()
            if result if isinstance(result, bool) else await result:
                return
            await asyncio.sleep(0.01)


async def state(database: Database, name: str = "sweep") -> JobState:
    async with database.everywhere() as session:
        return next(state for state in await leases.states(session) if state.name == name)


def recorded(outcome: str, database: Database, name: str = "sweep") -> Callable[[], Awaitable[bool]]:
    """Whether a run's end is written down: that comes after the work, and a stop in between leaves the job due."""

    async def look() -> bool:
        return (await state(database, name)).outcome == outcome

    return look


async def change(database: Database, statement: str) -> None:
    async with database.everywhere() as session:
        await session.execute(text(statement))


async def test_a_job_runs_again_and_again(database: Database) -> None:
    work = Work()

    async def at_rest() -> bool:
        now = await state(database)
        return (now.outcome, now.holder, now.failures, now.error) == ("done", None, 0, None)

    async with running(scheduler(database, Job("sweep", OFTEN, work))):
        await until(lambda: work.ended >= 3)
        await until(at_rest)
    assert work.most == 1
    assert (await state(database)).seconds is not None


async def test_many_workers_run_it_once_at_a_time(database: Database) -> None:
    work = Work(takes=0.05)
    workers = [scheduler(database, Job("sweep", OFTEN, work), holder=f"w{number}") for number in range(5)]
    async with running(*workers):
        await until(lambda: work.ended >= 5)
    assert work.most == 1


async def test_a_run_that_takes_longer_than_the_lease_keeps_it(database: Database) -> None:
    work = Work(takes=SHORT.total_seconds() * 1.5)
    async with running(*[scheduler(database, Job("sweep", OFTEN, work), holder=holder) for holder in "ab"]):
        await until(lambda: work.ended >= 1)
    assert work.most == 1


async def test_jobs_do_not_wait_for_each_other(database: Database) -> None:
    slow, quick = Work(takes=60), Work()
    async with running(scheduler(database, Job("slow", OFTEN, slow), Job("quick", OFTEN, quick))):
        await until(lambda: quick.ended >= 3)
    assert slow.begun == 1


async def test_a_stop_in_the_moment_of_a_jobs_end_is_a_stop(database: Database) -> None:
    work = Work(takes=0.2)
    async with running(scheduler(database, Job("sweep", OFTEN, work))) as (task,):
        await work.running.wait()
        (run,) = [one for one in asyncio.all_tasks() if one.get_name() == "job sweep"]
        run.add_done_callback(lambda _: task.cancel())
        _, pending = await asyncio.wait({task}, timeout=10)
        assert not pending
        assert task.cancelled()


async def test_a_clean_stop_hands_over_at_once(database: Database) -> None:
    first, second = Work(takes=60), Work()
    lease = timedelta(minutes=10)
    async with running(scheduler(database, Job("sweep", OFTEN, first), lease=lease)) as (task,):
        await first.running.wait()
        async with running(scheduler(database, Job("sweep", OFTEN, second), holder="b", lease=lease)):
            await asyncio.sleep(0.2)
            assert second.begun == 0
            task.cancel()
            await until(lambda: second.ended >= 1)
    assert first.ended == 0


async def test_a_dead_workers_job_is_taken_over_when_its_lease_is_over(database: Database) -> None:
    work = Work()
    job = Job("sweep", OFTEN, work)
    async with database.everywhere() as session:
        await leases.introduce(session, {"sweep": system_clock()})
        (dead,) = await leases.claim(session, ["sweep"], holder="dead", lease=SHORT, now=system_clock())
    async with running(scheduler(database, job)):
        await asyncio.sleep(SHORT.total_seconds() / 2)
        assert work.begun == 0, "its lease still holds"
        await until(lambda: work.ended >= 1)
    async with database.everywhere() as session:
        late = await leases.finish(
            session, dead, leases.Outcome.DONE, now=system_clock(), seconds=1, due_at=system_clock()
        )
        assert not late, "the dead one comes back too late to change anything"
        assert not await leases.renew(session, dead, SHORT)


async def test_who_loses_the_lease_stops(database: Database) -> None:
    work = Work(takes=60)
    with capture_logs() as lines:
        async with running(scheduler(database, Job("sweep", timedelta(hours=1), work))):
            await work.running.wait()
            await change(
                database,
                "UPDATE job_lease SET token = token + 1, holder = 'b', lease_until = now() + interval '1 hour'",
            )
            await until(lambda: work.together == 0)
            await until(lambda: any("lease is lost" in line["event"] for line in lines))
    now = await state(database)
    assert (now.holder, now.outcome) == ("b", None), "the other's row is left alone"


async def test_a_failure_is_recorded_and_the_job_runs_again_when_due(database: Database) -> None:
    work = Work(fails=LookupError("no such 19900001234"))
    with capture_logs() as lines:
        async with running(scheduler(database, Job("failing-sweep", OFTEN, work))):
            await until(lambda: work.begun >= 3)
    now = await state(database, "failing-sweep")
    assert now.outcome in ("failed", "stopped")
    assert now.failures >= 2
    assert any(line["event"].startswith("job failed") for line in lines)
    assert b'longxi_job_runs_total{job="failing-sweep",outcome="failed"}' in metrics.exposition()[0]


async def test_a_success_ends_the_count_of_failures(database: Database) -> None:
    work = Work(fails=LookupError("no such 19900001234"))
    one = scheduler(database, Job("sweep", OFTEN, work))
    for _ in range(2):
        with pytest.raises(LookupError):
            await one.run_once("sweep")
    failed = await state(database)
    assert (failed.failures, failed.error) == (2, "LookupError: no such [phone]")
    work.fails = None
    await one.run_once("sweep")
    assert ((await state(database)).failures, (await state(database)).error) == (0, None)


async def test_a_restart_keeps_what_is_due(database: Database) -> None:
    work = Work()
    job = Job("sweep", timedelta(hours=1), work)
    async with running(scheduler(database, job)):
        await until(lambda: work.ended == 1)
        await until(recorded("done", database))
    due = (await state(database)).due_at
    async with running(scheduler(database, job)):
        await asyncio.sleep(0.2)
    assert work.begun == 1, "not again just because the process is new"
    assert (await state(database)).due_at == due
    await change(database, "UPDATE job_lease SET due_at = now() - interval '3 hours'")
    async with running(scheduler(database, job)):
        await until(lambda: work.ended == 2)
        await asyncio.sleep(0.2)
    assert work.begun == 2, "three missed runs are one"


async def test_a_job_is_run_on_demand_by_the_given_clock(
    database: Database, frozen_clock: FrozenClock
) -> None:
    work = Work()
    one = Scheduler(database, [Job("sweep", timedelta(hours=1), work)], "a", frozen_clock)
    await one.run_once("sweep")
    frozen_clock.advance(timedelta(minutes=1))
    await one.run_once("sweep")
    assert work.ended == 2
    (now,) = await one.states()
    assert now.started_at == frozen_clock()
    assert timedelta(hours=1) <= now.due_at - frozen_clock() <= timedelta(hours=1, minutes=1)


async def test_on_demand_it_is_still_in_one_place(database: Database) -> None:
    work = Work(takes=0.3)
    one, two = [scheduler(database, Job("sweep", OFTEN, work), holder=holder) for holder in "ab"]
    first = asyncio.create_task(one.run_once("sweep"))
    await work.running.wait()
    with pytest.raises(JobBusy):
        await two.run_once("sweep")
    await first
    with pytest.raises(UnknownJob):
        await one.run_once("never")


async def test_every_run_has_a_trace_of_its_own(database: Database) -> None:
    correlations = []

    async def work() -> None:
        correlations.append(trace.current().correlation)
        assert trace.current().correlation == correlations[-1]

    one = scheduler(database, Job("sweep", OFTEN, work))
    await one.run_once("sweep")
    await one.run_once("sweep")
    assert len(set(correlations)) == 2


async def test_no_tenant_sees_the_leases(database: Database) -> None:
    await scheduler(database, Job("sweep", OFTEN, Work())).run_once("sweep")
    async with database.transaction("longxi") as session:
        assert await leases.states(session) == []


async def test_two_jobs_of_one_name_are_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="same name"):
        scheduler(database, Job("sweep", OFTEN, Work()), Job("sweep", OFTEN, Work()))


async def test_without_jobs_there_is_nothing_to_do(database: Database) -> None:
    async with asyncio.timeout(1):
        await scheduler(database).run()
