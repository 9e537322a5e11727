"""Making the fingerprints of new requests, and dropping those of requests that are neither open nor recent."""

from datetime import timedelta
from uuid import UUID

from services.intake.desk import Desk
from services.intake.duplicates.actions import forget_past
from services.intake.duplicates.printing import print_next, waiting_in
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each, in_pieces
from shared.tenants import Tenants

EVERY = timedelta(seconds=1)
_CHUNK = 500
_PRINTED = 50
_FIRST = UUID(int=0)


def printing(database: Database, desk: Desk) -> Job:
    """Every second, in all communities where a request waits for it."""

    async def run(tenant: str) -> None:
        await in_pieces(database, tenant, _PRINTED, lambda session: print_next(session, desk, count=_PRINTED))

    async def run_where_one_waits() -> None:
        async with database.everywhere() as session:
            tenants = await waiting_in(session)
        await in_each(tenants, run)()

    return Job("fingerprints-making", EVERY, run_where_one_waits)


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
