"""Making sure that no limit was computed by a calendar that had just become wrong."""

from datetime import timedelta

from services.intake.desk import Desk
from services.intake.holidays import actions
from services.intake.holidays.queries import KEPT, unsettled
from services.intake.requests.actions.deadlines import CHUNK, recompute
from services.intake.requests.dues import NOTICE
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each
from shared.tenants import Tenants

_KNOWN_EVERYWHERE = 2 * KEPT


def settling(database: Database, tenants: Tenants, desk: Desk, clock: Clock, *, count: int = CHUNK) -> Job:
    """Every minute: after a new notice compute the running limits again, in pieces of a transaction each, until once
    more after every process knows it.

    Its handler did so for the first of them. The last time finds what was filed by the old calendar in the minute after it.
    What goes down in the middle begins again, and leaves alone what is right already.
    """

    async def recompute_all(tenant: str) -> None:
        after = None
        while True:
            async with database.transaction(tenant) as session:
                limits = await desk.limits_in(session)
                after = await recompute(session, limits, clock(), reason=NOTICE, after=after, count=count)
            if after is None:
                return

    async def run(tenant: str) -> None:
        before = clock() - _KNOWN_EVERYWHERE
        async with database.transaction(tenant) as session:
            waiting = await unsettled(session)
        if waiting:
            await recompute_all(tenant)
            async with database.transaction(tenant) as session:
                await actions.settle(session, received_before=before, now=clock())

    return Job("holiday-settling", timedelta(minutes=1), in_each(tenants, run))
