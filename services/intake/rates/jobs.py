"""What happens to the rates by the clock."""

from datetime import time, timedelta
from uuid import UUID

from services.intake.rates.actions import settle
from shared.database import Database
from shared.jobs import Job, in_each
from shared.tenants import Tenants

_CHUNK = 500
_FIRST = UUID(int=0)


def settling(database: Database, tenants: Tenants) -> Job:
    """At night: lines for what was called back before this release wrote any. Where none is missing it changes nothing."""

    async def run(tenant: str) -> None:
        after = _FIRST
        while True:
            async with database.transaction(tenant) as session:
                settled = await settle(session, after=after, count=_CHUNK)
            if len(settled) < _CHUNK:
                break
            after = settled[-1]

    return Job("rates-settling", timedelta(days=1), in_each(tenants, run), at=time(2, 50))
