"""Merging two records of one person, and taking it back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.merges import queries, rules
from services.intake.merges.rules import UNDO_DAYS
from services.intake.merges.tables import ResidentMerge
from services.intake.residents import queries as residents
from services.intake.residents.keys import Keys
from services.intake.residents.tables import Resident
from shared.contracts.intake import ResidentContactChanged
from shared.database import new_id
from shared.messaging.outbox import record


async def merge(
    session: AsyncSession,
    keys: Keys,
    kept: UUID,
    merged: UUID,
    *,
    now: datetime,
    by: Actor,
    undo_days: int = UNDO_DAYS,
) -> ResidentMerge:
    """Let one record point to the other. Nothing is moved: whatever shows a person follows the pointer.

    Raises ResidentNotFound, ResidentErased, SameRecord, AlreadyMerged, HasMerged, IdentitiesDiffer.
    """
    # In the order of their ids, so that two who merge the same two the other way round do not wait for ever.
    rows = {id: await residents.one(session, id, for_update=True) for id in sorted({kept, merged})}
    rules.check(await queries.standing(session, rows[kept]), await queries.standing(session, rows[merged]))
    holders = await residents.holders(session, keys, [kept, merged])
    numbers = [
        holders[id].open_any("resident", id, "id_number", rows[id].id_number) if id in holders else None
        for id in (kept, merged)
    ]
    rules.check_numbers(*numbers)
    row = ResidentMerge(
        id=new_id(),
        kept=kept,
        merged=merged,
        at=now,
        by=by.subject,
        undo_until=rules.undo_until(now, undo_days),
    )
    await session.execute(
        insert(ResidentMerge).values(
            id=row.id, kept=kept, merged=merged, at=now, by=by.subject, undo_until=row.undo_until
        )
    )
    await _point(session, merged, kept, now)
    return row


async def undo(session: AsyncSession, merge: UUID, *, now: datetime, by: Actor) -> ResidentMerge:
    """Take the pointer away: both records are as they were.

    Raises MergeNotFound, AlreadyUndone, UndoTooLate, ResidentErased.
    """
    row = await queries.lock(session, merge)
    rules.check_undo(undone=row.undone, until=row.undo_until, now=now)
    for id in sorted({row.kept, row.merged}):
        await residents.one(session, id, for_update=True)
    row.undone, row.undone_by = now, by.subject
    await session.flush()
    await _point(session, row.merged, None, now)
    return row


async def _point(session: AsyncSession, merged: UUID, kept: UUID | None, now: datetime) -> None:
    """The contact of the record is another one from now on, so whoever remembers the old one forgets it."""
    await session.execute(
        update(Resident)
        .where(Resident.id == merged)
        .values(merged_into=kept, version=Resident.version + 1)
        .execution_options(synchronize_session=False)
    )
    await record(session, ResidentContactChanged(resident=merged), at=now)
