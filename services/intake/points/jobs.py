"""What happens to points by the clock: they expire, with a warning before, and each month has its statement."""

from datetime import datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.points import queries
from services.intake.points.actions.expiring import expire
from services.intake.points.actions.stating import state, warn
from services.intake.policies import Policies
from services.intake.rates.months import later
from services.intake.rates.rules import month_of
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each, in_pieces
from shared.tenants import Tenants

_CHUNK = 200


def expiring(database: Database, tenants: Tenants, policies: Policies, clock: Clock) -> Job:
    """At night: tell of what expires soon, and post what has expired."""

    async def run(tenant: str) -> None:
        terms = policies.of(tenant).points
        await in_pieces(database, tenant, _CHUNK, lambda session: _expire(session, clock()))
        await in_pieces(database, tenant, _CHUNK, lambda session: warn(session, terms, clock(), count=_CHUNK))

    return Job("points-expiring", timedelta(days=1), in_each(tenants, run), at=time(1, 20))


def stating(database: Database, tenants: Tenants, clock: Clock) -> Job:
    """In the morning: statements of the month before, for all who have none yet. Nearly every day there are none."""

    async def run(tenant: str) -> None:
        now = clock()
        month = later(month_of(now), -1)
        await in_pieces(database, tenant, _CHUNK, lambda session: state(session, month, now, count=_CHUNK))

    return Job("points-stating", timedelta(days=1), in_each(tenants, run), at=time(9, 10))


async def _expire(session: AsyncSession, now: datetime) -> int:
    residents = await queries.with_expired(session, now, count=_CHUNK)
    await expire(session, residents, now)
    return len(residents)
