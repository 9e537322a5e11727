"""Every night: what is past its period goes."""

from datetime import time, timedelta

from services.intake.desk import Desk
from services.intake.residents.belongings import Belongings
from services.intake.retention.actions import BY_ITSELF, Keeper
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each
from shared.tenants import Tenants


def nightly(database: Database, tenants: Tenants, desk: Desk, belongings: Belongings, clock: Clock) -> Job:
    """At 02:40, before the nightly backup of most installations, so that what went is in no new one."""

    async def run(tenant: str) -> None:
        periods = desk.policies.of(tenant).retention
        keeper = Keeper(desk.keys, belongings, tenant, lambda: database.transaction(tenant))
        await keeper.run(periods, now=clock(), dry=periods.dry, by=BY_ITSELF.subject)

    return Job("retention", timedelta(days=1), in_each(tenants, run), at=time(2, 40))
