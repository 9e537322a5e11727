"""Telling residents of their points: what expires soon, and what a month came to. Each once."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.points import queries
from services.intake.points.actions.posting import lock
from services.intake.points.rules import PointTerms
from services.intake.points.tables import PointLot, PointStatement
from shared.contracts.intake.accounts import PointsExpiryAnnounced, PointsStated
from shared.messaging.outbox import record


async def warn(session: AsyncSession, terms: PointTerms, now: datetime, *, count: int) -> int:
    """Announce what expires within the days of the terms; how many announcements."""
    until = now + timedelta(days=terms.warn_days)
    soon = await queries.to_warn(session, until, count=count)
    balances = await lock(session, [each.resident for each in soon]) if soon else {}
    for each in soon:
        await _mark_warned(session, each.resident, each.expires, now)
    if soon:
        await record(
            session,
            *(
                PointsExpiryAnnounced(
                    resident=each.resident,
                    amount=each.amount,
                    expires=each.expires,
                    balance=balances[each.resident],
                )
                for each in soon
            ),
            at=now,
        )
    return len(soon)


async def state(session: AsyncSession, month: date, now: datetime, *, count: int) -> int:
    """Send the statements of a month that is over; how many. Whoever does the same at the same moment sends none."""
    residents = await queries.to_state(session, month, count=count)
    if not residents:
        return 0
    written = await session.scalars(
        insert(PointStatement).on_conflict_do_nothing().returning(PointStatement.resident),
        [{"resident": resident, "month": month, "at": now} for resident in residents],
    )
    events = []
    for resident in sorted(written.all()):
        figures = await queries.month_of(session, resident, month)
        events.append(
            PointsStated(
                resident=resident,
                month=month,
                earned=figures.earned,
                # Given back more than was taken: the order was of an earlier month.
                spent=max(figures.spent, 0),
                expired=figures.expired,
                minutes=max(figures.minutes, 0),
                balance=figures.balance,
            )
        )
    if events:
        await record(session, *events, at=now)
    return len(residents)


async def _mark_warned(session: AsyncSession, resident: UUID, until: datetime, now: datetime) -> None:
    await session.execute(
        update(PointLot)
        .where(PointLot.resident == resident, PointLot.expires <= until, PointLot.warned.is_(None))
        .values(warned=now)
        .execution_options(synchronize_session=False)
    )
