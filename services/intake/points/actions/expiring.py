"""Points whose time is over."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.points import queries
from services.intake.points.actions.posting import CLOCK, change_lots, lock, post
from services.intake.points.rules import Reason, Taken, expired


async def expire(session: AsyncSession, residents: Sequence[UUID], now: datetime) -> None:
    """Post what has expired of these residents."""
    await lock(session, residents)
    for resident in residents:
        await expire_locked(session, resident, now)


async def expire_locked(
    session: AsyncSession, resident: UUID, now: datetime, *, reason: Reason = Reason.EXPIRED
) -> None:
    """As `expire`, for an account that this transaction has locked. An erasure ends all of them."""
    lots = await queries.lots(session, [resident])
    gone = (
        [Taken(lot.id, resident, lot.left) for lot in lots] if reason is Reason.ERASED else expired(lots, now)
    )
    if gone:
        await change_lots(session, gone, -1)
        await post(session, resident, reason, sum(each.amount for each in gone), now=now, by=CLOCK)
