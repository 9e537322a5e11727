"""Points that come, and points that were none."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.points import queries
from services.intake.points.actions.posting import CLOCK, change_lots, lock, post
from services.intake.points.rules import (
    AlreadyCorrected,
    PointTerms,
    PostingNotFound,
    Reason,
    Taken,
    expires,
    points_for,
)
from shared.contracts.intake.accounts import PointsPosted
from shared.contracts.intake.activities import ActivityAttended
from shared.database import new_id
from shared.messaging import statements
from shared.messaging.outbox import record

VOLUNTEER = "volunteer"
# The accounts are locked, so whoever credits the same attendance at the same moment has waited and sees it here.
_CREDIT = """
WITH attended AS (
    SELECT * FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::uuid[]) AS attended (resident, minutes, points, lot)
), person AS (
    SELECT attended.*, coalesce(resident.merged_into, resident.id) AS whose
    FROM attended JOIN resident ON resident.id = attended.resident
), fresh AS (
    SELECT DISTINCT ON (whose) * FROM person WHERE NOT EXISTS (
        SELECT FROM point_posting AS known JOIN resident AS other ON other.id = known.resident
        WHERE known.activity = $5::uuid AND known.reason = 'attended'
        AND coalesce(other.merged_into, other.id) = person.whose)
    ORDER BY whose, minutes DESC, resident
), paid AS (
    UPDATE point_account AS account
    SET balance = account.balance + fresh.points, minutes = account.minutes + fresh.minutes
    FROM fresh WHERE account.resident = fresh.resident
    RETURNING account.resident, account.balance
), posted AS (
    INSERT INTO point_posting (
        resident, debit, credit, amount, reason, balance, minutes, activity, role, actor, at)
    SELECT resident, 'issued', 'resident', points, 'attended', balance, minutes, $5::uuid, $6::text, $7::text,
           $8::timestamptz
    FROM fresh JOIN paid USING (resident)
    RETURNING id, resident, amount, balance
), kept AS (
    INSERT INTO point_lot (id, resident, posting, amount, "left", expires)
    SELECT lot, resident, posted.id, amount, amount, $9::timestamptz
    FROM posted JOIN fresh USING (resident) WHERE amount > 0
)
SELECT resident, amount, balance FROM posted ORDER BY resident
"""


async def credit(
    session: AsyncSession,
    attended: Iterable[ActivityAttended],
    terms: PointTerms,
    *,
    now: datetime,
    by: Actor = CLOCK,
) -> int:
    """Points and hours for those who volunteered at one activity; once for each of them, and for the records of one person
    together. How many were new.
    """
    events = [event for event in attended if event.role == VOLUNTEER]
    by_resident = {event.resident: event for event in events}
    if not by_resident:
        return 0
    (activity,) = {event.activity for event in events}
    await lock(session, by_resident)
    rows = await statements.fetch(
        session,
        _CREDIT,
        list(by_resident),
        [event.minutes for event in by_resident.values()],
        [points_for(event.minutes, terms) for event in by_resident.values()],
        [new_id() for _ in by_resident],
        activity,
        by.role,
        by.subject,
        now,
        expires(now, terms),
    )
    posted = [
        PointsPosted(
            resident=row.resident,
            amount=row.amount,
            balance=row.balance,
            reason=Reason.ATTENDED.value,
            activity=activity,
        )
        for row in rows
        if row.amount
    ]
    if posted:
        await record(session, *posted, at=now)
    return len(rows)


async def take_back(session: AsyncSession, resident: UUID, id: int, *, now: datetime, by: Actor) -> int:
    """Points for an attendance that was none: what is left of them goes back; how many.

    Raises PostingNotFound, AlreadyCorrected.
    """
    # First of all: a foreign key looks past row-level security, so nobody's account is opened here.
    wrong = await queries.posting(session, resident, id)
    if wrong is None:
        raise PostingNotFound
    await lock(session, [wrong.resident])
    lot = await queries.lot_of(session, id)
    if wrong.reason != Reason.ATTENDED or lot is None or not lot.left:
        raise AlreadyCorrected
    await change_lots(session, [Taken(lot.id, wrong.resident, lot.left)], -1)
    await post(
        session,
        wrong.resident,
        Reason.CORRECTED,
        lot.left,
        now=now,
        by=by,
        corrects=id,
        activity=wrong.activity,
        minutes=-(wrong.minutes or 0),
    )
    return lot.left
