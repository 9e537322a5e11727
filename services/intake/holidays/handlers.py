"""What intake does when the district passes on a notice of the State Council."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.desk import Desk
from services.intake.holidays import actions
from services.intake.requests.actions.deadlines import recompute
from services.intake.requests.dues import NOTICE
from shared.clock import Clock
from shared.contracts.district import HolidayChanged
from shared.messaging.envelope import Received
from shared.messaging.handlers import Handlers


def register(handlers: Handlers, desk: Desk, clock: Clock) -> None:
    @handlers.on(HolidayChanged)
    async def keep(session: AsyncSession, event: Received[HolidayChanged]) -> None:
        now = clock()
        await actions.keep(session, event.data, received=now)
        # Raises ContradictoryNotice for one that cannot be; it goes to the dead letters, and nothing is stored.
        limits = await desk.limits_in(session)
        # The first of them, those that wait longest; the settling job computes all others.
        await recompute(session, limits, now, reason=NOTICE)
        desk.calendars.drop(event.tenant)
