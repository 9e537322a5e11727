"""What is shown to everybody is made anew once a day.

Not with every request: whoever watched a list grow by one would know what the one was.
"""

from datetime import time, timedelta

from services.intake.open_data.actions import release, withdraw
from services.intake.policies import Policies
from shared.clock import Clock
from shared.database import Database, Keyring
from shared.jobs import Job, in_each
from shared.tenants import Tenants


def releases(database: Database, keyring: Keyring, policies: Policies, tenants: Tenants, clock: Clock) -> Job:
    """Every night at a quarter to four: the open data of each community that offers it; of all others none."""

    async def run(tenant: str) -> None:
        publishing = policies.of(tenant).publishing
        async with database.transaction(tenant) as session:
            if publishing.open_data:
                await release(session, keyring, publishing, now=clock())
            else:
                await withdraw(session)

    return Job("open-data", timedelta(days=1), in_each(tenants, run), at=time(3, 45))
