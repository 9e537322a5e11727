"""Vacancies expire by the clock."""

from collections.abc import Iterable
from datetime import timedelta

from services.employment.vacancies import actions
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each

EVERY = timedelta(minutes=5)
"""Nobody is told of an expired vacancy in between: whoever reads compares with the clock too."""
_BATCH = 500


def expiry(database: Database, tenants: Iterable[str], clock: Clock) -> Job:
    async def run(tenant: str) -> None:
        await expire_all(database, tenant, clock)

    return Job("expire-vacancies", every=EVERY, run=in_each(tenants, run))


async def expire_all(database: Database, tenant: str, clock: Clock) -> int:
    """Gives how many there were. A transaction for each few hundred, so that a large batch blocks nobody long."""
    total = 0
    while True:
        async with database.transaction(tenant) as session:
            expired = await actions.expire(session, now=clock(), limit=_BATCH)
        total += expired
        if expired < _BATCH:
            return total
