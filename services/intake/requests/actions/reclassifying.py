"""Giving a request another category or urgency: by a worker, the head, or whoever corrects a proposal.

decision = await reclassify(
    session, desk, request, Classification(category="010503"), reason="proposal_corrected", by=by, now=now
)
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.desk import Desk
from services.intake.requests import queries, reclassifying
from services.intake.requests.actions.changing import apply
from services.intake.requests.deciding import Decision, Situation
from services.intake.requests.reclassifying import Classification
from services.intake.requests.tables import Request


async def reclassify(
    session: AsyncSession,
    desk: Desk,
    request: UUID,
    to: Classification,
    *,
    reason: str,
    by: Actor,
    now: datetime,
    may_relax: bool = False,
) -> Decision:
    """Lock the request, decide and apply; casework and the resident hear of it by `request.reclassified`.

    Raises RequestNotFound, IllegalRequestMove, NothingToReclassify, UrgencySettled, RelaxingForTheHead.
    """
    it = await queries.lock(session, request)
    return await reclassify_locked(session, desk, it, to, reason=reason, by=by, now=now, may_relax=may_relax)


async def reclassify_locked(
    session: AsyncSession,
    desk: Desk,
    it: Situation,
    to: Classification,
    *,
    reason: str,
    by: Actor,
    now: datetime,
    may_relax: bool = False,
) -> Decision:
    """As `reclassify`, for a request that this transaction has locked."""
    limits = await desk.limits_in(session)
    decision, after = reclassifying.reclassify(it, now, by, limits, to=to, reason=reason, may_relax=may_relax)
    assert after.urgency is not None
    await session.execute(
        update(Request)
        .where(Request.id == it.request)
        .values(category=after.category, urgency=after.urgency.value)
        .execution_options(synchronize_session=False)
    )
    await apply(session, [decision])
    return decision
