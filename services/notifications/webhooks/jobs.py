"""What happens to webhooks by the clock: what a disabled or removed one leaves behind is ended in pieces."""

from datetime import timedelta

from services.notifications.webhooks.actions import forget_removed
from services.notifications.webhooks.attempts import fail_open
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each, in_pieces
from shared.tenants import Tenants

_ROWS = 1000


def clearing(database: Database, tenants: Tenants, clock: Clock) -> Job:
    async def run(tenant: str) -> None:
        await in_pieces(database, tenant, _ROWS, lambda session: fail_open(session, clock(), most=_ROWS))
        full = True
        while full:
            async with database.transaction(tenant) as session:
                full = await forget_removed(session, most=_ROWS)

    return Job("clear-webhooks", timedelta(minutes=1), in_each(tenants, run))
