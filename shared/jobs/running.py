"""One run of a job: the work beside the heartbeat that keeps its lease."""

import asyncio
import time
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

from shared.clock import Clock
from shared.database import Database
from shared.jobs import leases
from shared.jobs.job import Job
from shared.jobs.leases import Lease, Outcome
from shared.observing import about, get_logger, metrics, trace
from shared.observing.redaction import redact_text
from shared.observing.spans import span

_log = get_logger(__name__)
_RUNS = metrics.counter("job_runs", "Runs of jobs by outcome", ["job", "outcome"])
_SECONDS = metrics.histogram("job_seconds", "How long a run of a job took", ["job"])
_ERROR_LENGTH = 400
# With the database away a process that stops does not wait for it: the lease runs out by itself.
_LAST_WORDS = timedelta(seconds=5)


class LeaseLost(Exception):
    """Somebody else may run the job by now."""


class Run:
    def __init__(self, job: Job, held: Lease, database: Database, clock: Clock, lease: timedelta) -> None:
        self._job, self._held, self._database = job, held, database
        self._clock, self._lease = clock, lease
        self.failure: Exception | None = None
        """What the job raised."""

    async def __call__(self) -> None:
        """Do it and record how it went. Cancelled: give the job back, still due, and go."""
        started, began = self._clock(), time.monotonic()
        outcome = Outcome.STOPPED
        with trace.use(trace.begin()), about(job=self._job.name), span(f"job {self._job.name}"):
            try:
                outcome = await self._work()
            finally:
                seconds = time.monotonic() - began
                _RUNS.labels(job=self._job.name, outcome=outcome).inc()
                _SECONDS.labels(job=self._job.name).observe(seconds)
                again = self._held.due_at
                if outcome in (Outcome.DONE, Outcome.FAILED):
                    again = self._job.next_due(started, self._clock())
                await _to_the_end(self._record(outcome, seconds, again))

    async def _work(self) -> Outcome:
        work = asyncio.ensure_future(self._job.run())
        heartbeat = asyncio.create_task(self._keep_lease())
        try:
            await asyncio.wait({work, heartbeat}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                _log.error("job stopped: its lease is lost", job=self._job.name)
                return Outcome.LOST
            work.result()
        except Exception as failure:
            self.failure = failure
            _log.exception("job failed, it runs again when it is due", job=self._job.name)
            return Outcome.FAILED
        else:
            return Outcome.DONE
        finally:
            for task in (work, heartbeat):
                task.cancel()
            await asyncio.gather(work, heartbeat, return_exceptions=True)

    async def _keep_lease(self) -> None:
        """Renew until that fails; raises LeaseLost before anybody else can have the lease."""
        # Slow or refused, the attempts are over well before the lease is: at 5.5 steps of 6 at the latest.
        step = self._lease.total_seconds() / 6
        renewed = time.monotonic()
        while True:
            await asyncio.sleep(step)
            asked = time.monotonic()
            try:
                async with asyncio.timeout(step):
                    async with self._database.everywhere() as session:
                        ours = await leases.renew(session, self._held, self._lease)
            except Exception as fault:
                # The database may be away for a moment; what counts is whether the lease still holds.
                _log.warning("job's lease was not renewed", job=self._job.name, error=type(fault).__name__)
                if time.monotonic() - renewed > 3.5 * step:
                    raise LeaseLost from fault
                continue
            if not ours:
                raise LeaseLost
            renewed = asked

    async def _record(self, outcome: Outcome, seconds: float, due_at: datetime) -> None:
        error = None
        if self.failure is not None:
            error = redact_text(f"{type(self.failure).__name__}: {self.failure}")[:_ERROR_LENGTH]
        async with self._database.everywhere() as session:
            recorded = await leases.finish(
                session,
                self._held,
                outcome,
                now=self._clock(),
                seconds=seconds,
                due_at=due_at,
                error=error,
            )
        if not recorded:
            _log.warning("job ended after its lease: another worker runs it", job=self._job.name)


async def _to_the_end(record: Coroutine[Any, Any, None]) -> None:
    """The process may be stopping, but the next worker is waiting for this."""
    task = asyncio.create_task(record)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=_LAST_WORDS.total_seconds())
        raise
