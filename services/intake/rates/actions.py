"""Writing the lines that the rates are counted from: with the move that makes them, and again from the stories."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.rates import queries
from services.intake.rates.rules import DEFAULT, Standard
from services.intake.rates.stories import DECISIVE, marks_of
from services.intake.rates.tables import RateMark
from services.intake.requests.deciding import Decision


async def mark(session: AsyncSession, decisions: Sequence[Decision], standard: Standard = DEFAULT) -> None:
    """Mark what these decisions, which are in the story already, add to the figures. Most add nothing and cost nothing."""
    decided = [
        decision.it.request
        for decision in decisions
        if not decision.it.life.history and any(entry.entry in DECISIVE for entry in decision.entries)
    ]
    if decided:
        await mark_again(session, decided, standard)


async def mark_again(session: AsyncSession, requests: Sequence[UUID], standard: Standard = DEFAULT) -> int:
    """Write the marks of these requests that are missing. What is there already stays as it was; how many were new."""
    rows = [
        {
            "request": mark.request,
            "entry": entry,
            "month": mark.month,
            "at": mark.at,
            "kind": mark.kind.value,
            "category": mark.category,
            "grid": mark.grid,
            "channel": mark.channel,
            "responded": mark.responded,
            "resolved": mark.resolved,
            "satisfied": mark.satisfied,
            "reason": mark.reason,
            "flags": sorted(flag.value for flag in mark.flags),
        }
        for request, story in await queries.stories(session, requests)
        for entry, mark in marks_of(request, story, standard)
    ]
    if not rows:
        return 0
    written = await session.execute(insert(RateMark).on_conflict_do_nothing().returning(RateMark.entry), rows)
    return len(written.all())


async def settle(
    session: AsyncSession, *, after: UUID, count: int, standard: Standard = DEFAULT
) -> Sequence[UUID]:
    """Marks of up to `count` requests that have none although their story asks for one; the requests, in the order of
    their ids from above `after` on."""
    missing = await queries.unmarked(session, after=after, count=count)
    await mark_again(session, missing, standard)
    return missing
