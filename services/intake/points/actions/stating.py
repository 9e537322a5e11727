"""Telling residents of their points: what expires soon, and what a month came to. Each once."""

from collections import Counter
from collections.abc import Sequence
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
from shared.database import among
from shared.messaging.outbox import record


async def warn(session: AsyncSession, terms: PointTerms, now: datetime, *, count: int) -> int:
    """Announce what expires within the days of the terms; how many announcements."""
    until = now + timedelta(days=terms.warn_days)
    soon = await queries.to_warn(session, until, count=count)
    people = await queries.accounts_of(session, [each.resident for each in soon])
    balances = Counter[UUID]()
    for account, balance in (await lock(session, people)).items():
        balances[people[account]] += balance
    for each in soon:
        accounts = [account for account, kept in people.items() if kept == each.resident]
        await _mark_warned(session, accounts, each.expires, now)
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
    # The record that is kept may never have had any itself.
    await lock(session, residents)
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


async def _mark_warned(
    session: AsyncSession, accounts: Sequence[UUID], until: datetime, now: datetime
) -> None:
    await session.execute(
        update(PointLot)
        .where(among(PointLot.resident, accounts), PointLot.expires <= until, PointLot.warned.is_(None))
        .values(warned=now)
        .execution_options(synchronize_session=False)
    )
