"""What happens to messages by the clock: old news is given up."""

from datetime import timedelta

from services.notifications.messages.actions import expire
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each, in_pieces
from shared.observing import get_logger
from shared.tenants import Tenants

_log = get_logger(__name__)
_ROWS = 1000


def expiry(database: Database, tenants: Tenants, clock: Clock) -> Job:
    async def run(tenant: str) -> None:
        count = await in_pieces(database, tenant, _ROWS, lambda session: expire(session, clock(), most=_ROWS))
        if count:
            _log.warning("messages expired", tenant=tenant, count=count)

    return Job("expire-messages", timedelta(minutes=1), in_each(tenants, run))
