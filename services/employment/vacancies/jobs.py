"""Vacancies expire by the clock."""

from collections.abc import Iterable
from datetime import timedelta

from services.employment.vacancies import actions
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each, in_pieces

EVERY = timedelta(minutes=5)
"""Nobody is told of an expired vacancy in between: whoever reads compares with the clock too."""
_BATCH = 500


def expiry(database: Database, tenants: Iterable[str], clock: Clock) -> Job:
    async def run(tenant: str) -> None:
        await expire_all(database, tenant, clock)

    return Job("expire-vacancies", every=EVERY, run=in_each(tenants, run))


async def expire_all(database: Database, tenant: str, clock: Clock) -> int:
    """Gives how many there were. A transaction for each few hundred, so that a large batch blocks nobody long."""
    return await in_pieces(
        database, tenant, _BATCH, lambda session: actions.expire(session, now=clock(), limit=_BATCH)
    )
