"""Making sure that no limit was computed by a calendar that had just become wrong."""

from datetime import timedelta

from services.intake.desk import Desk
from services.intake.holidays import actions
from services.intake.holidays.queries import KEPT, unsettled
from services.intake.requests.actions.deadlines import recompute
from services.intake.requests.dues import NOTICE
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job
from shared.tenants import Tenants

_KNOWN_EVERYWHERE = 2 * KEPT


def settling(database: Database, tenants: Tenants, desk: Desk, clock: Clock) -> Job:
    """Every minute: once every process knows a new notice, compute the running limits again.

    The notice's handler did so at once; this finds what was filed by the old calendar in the minute after it.
    """

    async def run() -> None:
        for tenant in tenants:
            now = clock()
            before = now - _KNOWN_EVERYWHERE
            async with database.transaction(tenant) as session:
                if await unsettled(session, received_before=before):
                    await recompute(session, await desk.limits_in(session), now, reason=NOTICE)
                    await actions.settle(session, received_before=before, now=now)

    return Job("holiday-settling", timedelta(minutes=1), run)
