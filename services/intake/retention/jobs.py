"""Every night: what is past its period goes."""

from datetime import time, timedelta

from services.intake.desk import Desk
from services.intake.residents.belongings import Belongings
from services.intake.retention.actions import BY_ITSELF, Keeper
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job
from shared.observing import get_logger
from shared.tenants import Tenants

_log = get_logger(__name__)


def nightly(database: Database, tenants: Tenants, desk: Desk, belongings: Belongings, clock: Clock) -> Job:
    """At 02:40, before the nightly backup of most installations, so that what went is in no new one.

    Where a community's run fails, the others' go on; the job has failed all the same.
    """

    async def run() -> None:
        failures = []
        for tenant in tenants:
            periods = desk.policies.of(tenant).retention
            keeper = Keeper(desk.keys, belongings, tenant, lambda tenant=tenant: database.transaction(tenant))
            try:
                await keeper.run(periods, now=clock(), dry=periods.dry, by=BY_ITSELF.subject)
            except Exception as failure:
                _log.exception("retention failed in a community", tenant=tenant)
                failures.append(failure)
        if failures:
            raise ExceptionGroup("retention failed", failures)

    return Job("retention", timedelta(days=1), run, at=time(2, 40))
