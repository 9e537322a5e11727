"""The queue by the clock: a worker is back on a new day, and nobody moved a case meanwhile."""

from collections.abc import Iterable
from datetime import timedelta

from services.casework.assignments.actions import drain
from services.casework.policies.rules import Policies
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job

EVERY = timedelta(minutes=1)


def draining(database: Database, tenants: Iterable[str], policies: Policies, clock: Clock) -> Job:
    async def run() -> None:
        await drain_all(database, tenants, policies, clock)

    return Job("drain-assignment-queue", every=EVERY, run=run)


async def drain_all(database: Database, tenants: Iterable[str], policies: Policies, clock: Clock) -> int:
    """Gives how many cases found someone."""
    found = 0
    for tenant in tenants:
        async with database.transaction(tenant) as session:
            found += await drain(session, policy=policies[tenant], now=clock())
    return found
