"""Work by the clock: each job runs in one place at a time, whatever number of workers there is."""

from shared.jobs.each import in_each, in_pieces
from shared.jobs.job import Job
from shared.jobs.leases import JobState
from shared.jobs.scheduler import JobBusy, Scheduler, UnknownJob

__all__ = [
    "Job",
    "JobBusy",
    "JobState",
    "Scheduler",
    "UnknownJob",
    "in_each",
    "in_pieces",
]
