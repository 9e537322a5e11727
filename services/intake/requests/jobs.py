"""What happens to requests by the clock."""

from datetime import timedelta
from itertools import chain

from services.intake.requests.actions.deadlines import mark_overdue
from services.intake.requests.measures import limit_passed
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each
from shared.tenants import Tenants

_CHUNK = 500


def overdue_marks(database: Database, tenants: Tenants, clock: Clock) -> Job:
    """Every minute: mark the limits that have passed, and write it into the stories."""

    async def run(tenant: str) -> None:
        while True:
            async with database.transaction(tenant) as session:
                marked = await mark_overdue(session, clock(), count=_CHUNK)
            for kind in chain.from_iterable(marked):
                limit_passed(kind)
            if len(marked) < _CHUNK:
                break

    return Job("overdue-marks", timedelta(minutes=1), in_each(tenants, run))
