"""The queue by the clock: a worker is back on a new day, or more waits than is given out in one go."""

from collections.abc import Iterable
from datetime import timedelta

from services.casework.assignments.actions import PAGE, drain
from services.casework.policies.rules import Policies
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job

EVERY = timedelta(seconds=10)
"""How long what can be given out waits at most for this to begin."""


def draining(database: Database, tenants: Iterable[str], policies: Policies, clock: Clock) -> Job:
    async def run() -> None:
        await drain_all(database, tenants, policies, clock)

    return Job("drain-assignment-queue", every=EVERY, run=run)


async def drain_all(database: Database, tenants: Iterable[str], policies: Policies, clock: Clock) -> int:
    """Gives how many cases found someone. A page of each community in turn: none waits for another's thousands."""
    found, going = 0, [*tenants]
    while going:
        for tenant in [*going]:
            async with database.transaction(tenant) as session:
                placed = await drain(session, policy=policies[tenant], now=clock())
            found += placed
            if placed < PAGE:
                going.remove(tenant)
    return found
