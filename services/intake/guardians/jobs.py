"""What ends by age."""

from datetime import time, timedelta

from services.intake.desk import Desk
from services.intake.guardians.actions import end_of_age
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each
from shared.tenants import Tenants

_CHUNK = 500


def coming_of_age(database: Database, tenants: Tenants, desk: Desk, clock: Clock) -> Job:
    """Just after midnight: guardianships end on the minor's eighteenth birthday."""

    async def run(tenant: str) -> None:
        after = None
        while True:
            async with database.transaction(tenant) as session:
                after = await end_of_age(session, desk.keys, after=after, count=_CHUNK, now=clock())
            if after is None:
                break

    return Job("coming-of-age", timedelta(days=1), in_each(tenants, run), at=time(0, 5))
