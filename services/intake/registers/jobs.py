"""Dry runs that nobody applied."""

from datetime import timedelta

from services.intake.registers.actions import expire
from services.intake.registers.rules import KEPT_HOURS
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each
from shared.tenants import Tenants


def register_keeping(database: Database, tenants: Tenants, clock: Clock) -> Job:
    """Every hour: what was sent a day ago and never applied is destroyed."""

    async def run(tenant: str) -> None:
        now = clock()
        async with database.transaction(tenant) as session:
            await expire(session, now - timedelta(hours=KEPT_HOURS), now)

    return Job("register-keeping", timedelta(hours=1), in_each(tenants, run))
