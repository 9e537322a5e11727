"""Finished messages are forgotten in time."""

from datetime import timedelta
from functools import partial

from services.notifications.retention.actions import Kept, forget
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each, in_pieces
from shared.observing import get_logger
from shared.tenants import Tenants

_log = get_logger(__name__)
_ROWS = 1000


def retention(
    database: Database, tenants: Tenants, clock: Clock, *, messages: timedelta, deliveries: timedelta
) -> Job:
    """`messages` and `deliveries` say how long each is kept after it is finished."""

    async def run(tenant: str) -> None:
        for what in Kept:
            kept = deliveries if what is Kept.DELIVERIES else messages
            some = partial(forget, what=what, before=clock() - kept, most=_ROWS)
            total = await in_pieces(database, tenant, _ROWS, some)
            if total:
                _log.info("past retention, forgotten", tenant=tenant, what=what.name.lower(), count=total)

    return Job("forget-messages", timedelta(hours=24), in_each(tenants, run))
