"""`Scheduler`: takes the jobs that are due, runs them under a lease, and hands over what it cannot go on with."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta

from shared.clock import Clock
from shared.database import Database
from shared.jobs import leases
from shared.jobs.job import Job
from shared.jobs.leases import JobState, Lease
from shared.jobs.running import Run
from shared.observing import get_logger, metrics
from shared.observing.measuring import Measure
from shared.refusals import Conflict, NotFound
from shared.retrying import forever

_log = get_logger(__name__)
_LATE = metrics.gauge("job_late_seconds", "How long after it was due a job was last begun", ["job"])
_OVERDUE = metrics.gauge("job_overdue_seconds", "How long a job has been due that nobody runs", ["job"])
_FAILURES = metrics.gauge("job_failures", "Runs of a job in a row that failed", ["job"])

LEASE = timedelta(seconds=30)
# The longest until a job of a worker that died is noticed, after its lease has run out.
LOOK = timedelta(seconds=5)
_SOON = 0.05


class JobBusy(Conflict):
    type = "job-busy"
    zh = "任务“{job}”正在运行，请稍后再试。"
    en = "The job {job} is running just now; try again later."


class UnknownJob(NotFound):
    type = "unknown-job"
    zh = "没有名为“{job}”的任务。"
    en = "There is no job named {job}."


class Scheduler:
    """One a worker process; `holder` names it (host and process), for people. All workers of a service have the same jobs."""

    def __init__(
        self,
        database: Database,
        jobs: Sequence[Job],
        holder: str,
        clock: Clock,
        *,
        lease: timedelta = LEASE,
        look: timedelta = LOOK,
    ) -> None:
        self._database, self._holder, self._clock = database, holder, clock
        self._jobs = {job.name: job for job in jobs}
        if len(self._jobs) != len(jobs):
            raise ValueError("two jobs have the same name")
        self._lease, self._look = lease, look
        self._running: dict[str, asyncio.Task[None]] = {}
        self._finished = asyncio.Event()

    async def run(self) -> None:
        """Until it is cancelled. Then its jobs are cancelled and given back at once, for another worker to take."""
        if not self._jobs:
            return
        try:
            await forever("jobs", self._loop)
        finally:
            running = [*self._running.values()]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def run_once(self, name: str) -> None:
        """Run a job now, due or not, under its lease. Raises UnknownJob, JobBusy, or what the job raises."""
        job = self._jobs.get(name)
        if job is None:
            raise UnknownJob(job=name)
        async with self._database.everywhere() as session:
            await leases.introduce(session, {name: job.first_due(self._clock())})
            held = await leases.claim(
                session, [name], holder=self._holder, lease=self._lease, now=self._clock(), due_only=False
            )
        if not held:
            raise JobBusy(job=name)
        run = self._run(job, held[0])
        await run()
        if run.failure is not None:
            raise run.failure

    async def states(self) -> Sequence[JobState]:
        """How all jobs of the service stand."""
        async with self._database.everywhere() as session:
            return await leases.states(session)

    @property
    def measure(self) -> Measure:
        """How the jobs of the service stand, whichever worker runs them: take the maximum over workers."""
        return Measure(self._look_at_jobs, (_OVERDUE, _FAILURES))

    async def _look_at_jobs(self) -> None:
        now = self._clock()
        for state in await self.states():
            if state.name in self._jobs:  # a job that is no more leaves its row behind
                waits = 0.0 if state.holder else max(0.0, (now - state.due_at).total_seconds())
                _OVERDUE.labels(job=state.name).set(waits)
                _FAILURES.labels(job=state.name).set(state.failures)

    async def _loop(self) -> None:
        async with self._database.everywhere() as session:
            now = self._clock()
            await leases.introduce(session, {job.name: job.first_due(now) for job in self._jobs.values()})
        while True:
            self._finished.clear()
            wait = await self._begin_due()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._finished.wait()

    async def _begin_due(self) -> float:
        """Begin what is due; gives the seconds until it is worth looking again."""
        idle = [name for name in self._jobs if name not in self._running]
        now = self._clock()
        async with self._database.everywhere() as session:
            held = await leases.claim(session, idle, holder=self._holder, lease=self._lease, now=now)
            due = await leases.next_due(session, idle)
        for lease in held:
            _LATE.labels(job=lease.name).set(max(0.0, (now - lease.due_at).total_seconds()))
            self._begin(lease)
        wait = self._look.total_seconds()
        return wait if due is None else min(wait, max(_SOON, (due - now).total_seconds()))

    def _begin(self, lease: Lease) -> None:
        task = asyncio.create_task(self._run(self._jobs[lease.name], lease)(), name=f"job {lease.name}")
        self._running[lease.name] = task
        task.add_done_callback(lambda done: self._ended(lease.name, done))

    def _ended(self, name: str, task: "asyncio.Task[None]") -> None:
        self._running.pop(name, None)
        self._finished.set()
        if not task.cancelled() and (fault := task.exception()):
            # Not the job's failure, which is recorded, but that of recording it: the lease runs out, and it runs again.
            _log.error("job's run could not be recorded", job=name, exc_info=fault)

    def _run(self, job: Job, lease: Lease) -> Run:
        return Run(job, lease, self._database, self._clock, self._lease)
