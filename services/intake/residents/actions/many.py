"""Residents by the hundred: a fixed number of statements for any number of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, delete, insert, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.residents.tables import Resident, ResidentIndex, ResidentKey
from shared.contracts.intake import ResidentContactChanged
from shared.messaging.outbox import record


class Index(NamedTuple):
    """What a resident is found by."""

    resident: UUID
    kind: str
    value: bytes


async def insert_residents(
    session: AsyncSession,
    rows: Sequence[Mapping[str, Any]],
    wrapped: Mapping[UUID, bytes],
    indexes: Sequence[Index],
) -> None:
    """`rows` are sealed columns, all with the same names; `wrapped` the key of each."""
    if not rows:
        return
    await session.execute(insert(Resident), [dict(row) for row in rows])
    await session.execute(
        insert(ResidentKey), [{"resident": id, "wrapped": key} for id, key in wrapped.items()]
    )
    await _index(session, indexes)


async def update_residents(
    session: AsyncSession,
    rows: Sequence[Mapping[str, Any]],
    indexes: Sequence[Index],
    contacts: Sequence[UUID],
    *,
    now: datetime,
) -> None:
    """`rows` with the residents' `id`; `contacts` are those of whom others may remember the old contact."""
    if not rows:
        return
    await session.execute(update(Resident), [dict(row) for row in rows])
    if indexes:
        old = [
            and_(
                ResidentIndex.kind == kind,
                ResidentIndex.resident.in_([one.resident for one in indexes if one.kind == kind]),
            )
            for kind in {one.kind for one in indexes}
        ]
        await session.execute(delete(ResidentIndex).where(or_(*old)))
        await _index(session, indexes)
    await record(session, *(ResidentContactChanged(resident=id) for id in contacts), at=now)


async def _index(session: AsyncSession, indexes: Sequence[Index]) -> None:
    if indexes:
        await session.execute(insert(ResidentIndex), [one._asdict() for one in indexes])
