"""The one way in which points move: a posting between two accounts, the resident's balance with it, and the event.

The balance is changed where it is stored, under the lock that `lock` took, and the table refuses one below zero: no
sequence of calls and no number of processes makes points from nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.points.rules import FLOW, Account, Reason, Taken
from services.intake.points.tables import PointAccount, PointPosting
from shared.contracts.intake.accounts import PointsPosted
from shared.database import among
from shared.messaging import statements
from shared.messaging.outbox import record

CLOCK = Actor("service", "intake")
_CHANGE_LOTS = """
UPDATE point_lot SET "left" = point_lot."left" + change.amount
FROM unnest($1::uuid[], $2::integer[]) AS change (id, amount) WHERE point_lot.id = change.id
"""


async def lock(session: AsyncSession, residents: Iterable[UUID]) -> Mapping[UUID, int]:
    """The balances of these residents, locked in the order of their ids; who has no account gets an empty one."""
    wanted = sorted(set(residents))
    if not wanted:
        return {}
    await session.execute(
        upsert(PointAccount).on_conflict_do_nothing(),
        [{"resident": resident, "balance": 0, "minutes": 0} for resident in wanted],
    )
    rows = await session.execute(
        select(PointAccount.resident, PointAccount.balance)
        .where(among(PointAccount.resident, wanted))
        .order_by(PointAccount.resident)
        .with_for_update()
    )
    return {row.resident: row.balance for row in rows}


async def post(
    session: AsyncSession,
    resident: UUID,
    reason: Reason,
    amount: int,
    *,
    now: datetime,
    by: Actor,
    order: UUID | None = None,
    activity: UUID | None = None,
    corrects: int | None = None,
    minutes: int | None = None,
) -> int:
    """Move an amount between the two accounts that the reason names; the resident's balance after it."""
    debit, credit = FLOW[reason]
    change = amount if credit is Account.RESIDENT else -amount
    balance = await session.scalar(
        update(PointAccount)
        .where(PointAccount.resident == resident)
        .values(balance=PointAccount.balance + change, minutes=PointAccount.minutes + (minutes or 0))
        .returning(PointAccount.balance)
        .execution_options(synchronize_session=False)
    )
    assert balance is not None, "the account was locked before"
    await session.execute(
        insert(PointPosting).values(
            resident=resident,
            debit=debit.value,
            credit=credit.value,
            amount=amount,
            reason=reason.value,
            balance=balance,
            minutes=minutes,
            activity=activity,
            order_id=order,
            corrects=corrects,
            role=by.role,
            actor=by.subject,
            at=now,
        )
    )
    posted = PointsPosted(
        resident=resident, amount=change, balance=balance, reason=reason.value, activity=activity
    )
    await record(session, posted, at=now)
    return balance


async def change_lots(session: AsyncSession, taken: Sequence[Taken], sign: int) -> None:
    """Take from the lots (-1), or give back to them (1)."""
    await statements.execute(
        session,
        _CHANGE_LOTS,
        [each.lot for each in taken],
        [each.amount * sign for each in taken],
    )
