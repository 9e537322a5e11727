"""Writing what was decided: the activity's row and the entry in its story."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities.lives import columns_of, life_of
from services.intake.activities.rules import Life
from services.intake.activities.tables import Activity, ActivityStory
from services.intake.actor import Actor


async def apply(
    session: AsyncSession,
    row: Activity,
    life: Life,
    entry: str,
    *,
    at: datetime,
    by: Actor,
    details: Mapping[str, object] | None = None,
    **columns: Any,
) -> None:
    """The new life of a locked activity, other columns, and the entry. `row` shows it afterwards."""
    before = life_of(row)
    await write(session, row, **columns_of(life), **columns)
    await tell(session, row, entry, before, life, at=at, by=by, details=details)


async def write(session: AsyncSession, row: Activity, **columns: Any) -> None:
    """Other columns of a locked activity; only those that differ."""
    changed = {name: value for name, value in columns.items() if getattr(row, name) != value}
    if changed:
        await session.execute(update(Activity).where(Activity.id == row.id).values(**changed))


async def tell(
    session: AsyncSession,
    row: Activity,
    entry: str,
    before: Life | None,
    after: Life,
    *,
    at: datetime,
    by: Actor,
    details: Mapping[str, object] | None = None,
) -> None:
    """An entry in the story: codes, times, numbers."""
    await session.execute(
        insert(ActivityStory).values(
            activity=row.id,
            at=at,
            entry=entry,
            from_state=None if before is None else before.state.value,
            to_state=after.state.value,
            role=by.role,
            actor=by.subject,
            reason=after.reason,
            details=None if details is None else dict(details),
        )
    )
