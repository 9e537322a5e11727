"""Checking in and out: by the rotating code with one's own token, or by a worker's hand."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities import attendance, queries
from services.intake.activities.attendance import Direction, Presence, Sign
from services.intake.activities.lives import life_of
from services.intake.activities.roster import NotSignedUp, NotTaking, NotTheirGuardian, Place
from services.intake.activities.rules import TAKING, State
from services.intake.activities.tables import SignUp


@dataclass(frozen=True, slots=True)
class Shown:
    """The code that a telephone read, and whose token sent it."""

    code: str
    sender: UUID


async def check(
    session: AsyncSession,
    sign: Sign,
    activity: UUID,
    resident: UUID,
    direction: Direction,
    *,
    now: datetime,
    shown: Shown | None = None,
    at: datetime | None = None,
) -> Presence:
    """Who was there from when to when. Without `shown` a worker vouches for it, and may say a time that has passed.

    The sender checks in themselves, or whom they signed up. Raises ActivityNotFound, NotTaking, WrongCode, NotSignedUp,
    NotTheirGuardian, TooEarly, CheckedInAlready, CheckedOutAlready, NotCheckedIn.
    """
    row = await queries.share(session, activity)
    if State(row.state) not in TAKING:
        raise NotTaking
    if shown is not None:
        attendance.check_code(sign, activity, direction, shown.code, now)
    found = await queries.standing(session, activity, resident)
    if found.state != Place.IN:
        raise NotSignedUp
    if shown is not None and shown.sender not in {resident, found.signed_by}:
        raise NotTheirGuardian
    moment, before = min(at or now, now), Presence(found.checked_in, found.checked_out)
    if direction is Direction.IN:
        after = attendance.enter(before, moment, starts=life_of(row).fixed.starts)
    else:
        after = attendance.leave(before, moment)
    await session.execute(
        update(SignUp)
        .where(SignUp.id == found.id)
        .values(
            checked_in=after.checked_in,
            checked_out=after.checked_out,
            by_hand=found.by_hand or shown is None,
        )
    )
    return after
