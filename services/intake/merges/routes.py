"""HTTP paths of merges."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of
from services.intake.desk import Desk
from services.intake.merges import actions, queries
from services.intake.merges.rules import (
    AlreadyMerged,
    AlreadyUndone,
    HasMerged,
    IdentitiesDiffer,
    MergeNotFound,
    SameRecord,
    UndoTooLate,
)
from services.intake.merges.tables import ResidentMerge
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.rules import ResidentErased
from shared.security import permit
from shared.web import Call, Model, provided, refuses

router = APIRouter(tags=["merges"])


class MergeWanted(Model):
    other: UUID
    """The record that was found to be of the same person; it points to this one from now on."""


class MergeLine(Model):
    id: UUID
    kept: UUID
    merged: UUID
    at: datetime
    undo_until: datetime
    undone: datetime | None


class Merges(Model):
    items: list[MergeLine]


@router.post(
    "/v1/residents/{id}/merges",
    status_code=201,
    responses=refuses(
        ResidentNotFound, ResidentErased, SameRecord, AlreadyMerged, HasMerged, IdentitiesDiffer
    ),
)
async def merge_residents(
    id: UUID,
    body: MergeWanted,
    call: Annotated[Call, permit("residents:merge")],
    desk: Annotated[Desk, provided(Desk)],
) -> MergeLine:
    """Take two records for one person; requests, reads, consents and points are shown together, contacts are those of the kept.

    It can be undone for 30 days, and then both are exactly as they were.
    """

    async def merge(session: AsyncSession) -> MergeLine:
        row = await actions.merge(
            session, desk.keys, id, body.other, now=call.now, by=actor_of(call.principal)
        )
        return _line(row)

    return await call.once(merge)


@router.post(
    "/v1/merges/{id}/undo", responses=refuses(MergeNotFound, AlreadyUndone, UndoTooLate, ResidentErased)
)
async def undo_merge(id: UUID, call: Annotated[Call, permit("residents:merge")]) -> MergeLine:
    """They are two people after all."""

    async def undo(session: AsyncSession) -> MergeLine:
        return _line(await actions.undo(session, id, now=call.now, by=actor_of(call.principal)))

    return await call.once(undo)


@router.get("/v1/residents/{id}/merges")
async def list_merges(id: UUID, call: Annotated[Call, permit("residents:merge")]) -> Merges:
    """Merges of which the record is one side, undone ones too, the latest first."""
    async with call.transaction() as session:
        rows = await queries.of(session, id)
    return Merges(items=[_line(row) for row in rows])


def _line(row: ResidentMerge) -> MergeLine:
    return MergeLine(
        id=row.id,
        kept=row.kept,
        merged=row.merged,
        at=row.at,
        undo_until=row.undo_until,
        undone=row.undone,
    )
