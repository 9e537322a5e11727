"""What happens to the rates by the clock."""

from datetime import time, timedelta

from services.intake.rates.actions import settle
from shared.database import Database
from shared.jobs import Job
from shared.tenants import Tenants

_CHUNK = 500


def settling(database: Database, tenants: Tenants) -> Job:
    """At night: lines for what was called back before this release wrote any. Where none is missing it changes nothing."""

    async def run() -> None:
        for tenant in tenants:
            settled = _CHUNK
            while settled == _CHUNK:
                async with database.transaction(tenant) as session:
                    settled = await settle(session, count=_CHUNK)

    return Job("rates-settling", timedelta(days=1), run, at=time(2, 50))
