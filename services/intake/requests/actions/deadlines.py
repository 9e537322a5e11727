"""Marking limits that have passed, and computing the running ones again when the calendar changes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.requests import dues, queries
from services.intake.requests.actions.changing import apply
from services.intake.requests.limits import LimitKind, Limits

CHUNK = 500


async def mark_overdue(
    session: AsyncSession, now: datetime, *, count: int = CHUNK
) -> Sequence[Sequence[LimitKind]]:
    """Mark limits that have passed, once each, and write them into the stories. Of each request marked, which."""
    found = await queries.with_limit_overdue(session, now, count=count)
    passed = [dues.passed(it, now) for it in found]
    await apply(session, [dues.overdue(it, limits, now) for it, limits in zip(found, passed, strict=True)])
    return [[limit.kind for limit in limits] for limits in passed]


async def recompute(
    session: AsyncSession,
    limits: Limits,
    now: datetime,
    *,
    reason: str,
    after: UUID | None = None,
    count: int = CHUNK,
) -> UUID | None:
    """Compute the running limits of so many requests again, of those above id `after`; each change goes into its
    request's story with the reason.

    The id from above which it goes on; None at the end. Safe to run again: what is right already stays.
    """
    found = await queries.with_open_limit(session, after=after, count=count)
    decisions = [decision for it in found if (decision := dues.recomputed(it, limits, now, reason))]
    await apply(session, decisions)
    return found[-1].request if len(found) == count else None
