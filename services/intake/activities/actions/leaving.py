"""An erased resident leaves every activity; their words and votes go, what took place stays a number."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities import queries
from services.intake.activities.actions.signing import leave
from services.intake.activities.lives import life_of
from services.intake.activities.office import Office
from services.intake.activities.tables import Activity, ActivityProposal, ActivityVote, SignUp
from shared.database import rows_changed


async def forget(session: AsyncSession, office: Office, residents: Sequence[UUID], *, now: datetime) -> int:
    """How many things were destroyed or made nobody's.

    Places that are still to come go to the first in line. An activity that has begun keeps the row, under an id that
    belongs to nobody any more: its places were taken, and the sums stay right.
    """
    count = 0
    for activity, resident in await queries.coming_of(session, residents):
        row = await queries.lock(session, activity)
        if life_of(row).fixed.starts > now:
            await leave(session, office, activity, resident, reason="erased", now=now)
            count += 1
    for statement in (
        delete(ActivityProposal).where(ActivityProposal.resident.in_(residents)),
        delete(ActivityVote).where(ActivityVote.resident.in_(residents)),
        update(Activity)
        .where(Activity.proposer.in_(residents))
        .values(proposer=None)
        .execution_options(synchronize_session=False),
        update(SignUp)
        .where(SignUp.signed_by.in_(residents))
        .values(signed_by=None)
        .execution_options(synchronize_session=False),
    ):
        count += await rows_changed(session, statement)
    return count
