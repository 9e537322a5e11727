"""Dropping the fingerprints of requests that are neither open nor recent."""

from datetime import timedelta
from uuid import UUID

from services.intake.desk import Desk
from services.intake.duplicates.actions import forget_past
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each
from shared.tenants import Tenants

_CHUNK = 500
_FIRST = UUID(int=0)


def forgetting(database: Database, tenants: Tenants, desk: Desk, clock: Clock) -> Job:
    """Every hour. Done again, it finds what is left."""

    async def run(tenant: str) -> None:
        before = clock() - timedelta(days=desk.policies.of(tenant).duplicates.recent_days)
        after = _FIRST
        while True:
            async with database.transaction(tenant) as session:
                gone = await forget_past(session, filed_before=before, after=after, count=_CHUNK)
            if len(gone) < _CHUNK:
                break
            after = gone[-1]

    return Job("fingerprints-forgetting", timedelta(hours=1), in_each(tenants, run))
