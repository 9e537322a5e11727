"""The queue by the clock: a worker is back on a new day, or more waits than is given out in one go."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from services.casework.assignments.actions import PAGE, drain
from services.casework.policies.rules import Policies
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each

EVERY = timedelta(seconds=10)
"""How long what can be given out waits at most for this to begin."""


def draining(database: Database, tenants: Iterable[str], policies: Policies, clock: Clock) -> Job:
    async def run() -> None:
        await drain_all(database, tenants, policies, clock)

    return Job("drain-assignment-queue", every=EVERY, run=run)


async def drain_all(database: Database, tenants: Iterable[str], policies: Policies, clock: Clock) -> int:
    """Gives how many cases found someone. A page of each community in turn: none waits for another's thousands."""
    placed: Counter[str] = Counter()

    async def page(tenant: str) -> None:
        async with database.transaction(tenant) as session:
            placed[tenant] += await drain(session, policy=policies[tenant], now=clock())

    going = [*tenants]
    while going:
        before = placed.copy()
        await in_each(going, page)()
        going = [tenant for tenant in going if placed[tenant] - before[tenant] == PAGE]
    return placed.total()
