"""What happens to hot spots by the clock: new requests are looked at, and what is said grows old."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.desk import Desk
from services.intake.hot_spots import queries
from services.intake.hot_spots.actions import look, measure
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each, in_pieces
from shared.tenants import Tenants

_CHUNK = 100
_OLD = timedelta(hours=6)


def looking(database: Database, tenants: Tenants, desk: Desk, clock: Clock) -> Job:
    """Every five minutes."""

    async def run(tenant: str) -> None:
        await in_pieces(database, tenant, _CHUNK, lambda session: look(session, desk, clock(), count=_CHUNK))

    return Job("hot-spots-looking", timedelta(minutes=5), in_each(tenants, run))


def cooling(database: Database, tenants: Tenants, desk: Desk, clock: Clock) -> Job:
    """Every five minutes: those that are warm and were not measured for six hours, and those with new votes."""

    async def run(tenant: str) -> None:
        now, terms = clock(), desk.policies.of(tenant).hot_spots

        async def some(session: AsyncSession) -> int:
            ids = await queries.to_measure(session, before=now - _OLD, count=_CHUNK)
            await measure(session, ids, terms, now)
            return len(ids)

        await in_pieces(database, tenant, _CHUNK, some)

    return Job("hot-spots-cooling", timedelta(minutes=5), in_each(tenants, run))
