"""How far the requests of another system have come, counted where they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.requests.tables import Request, Telling
from shared.contracts.casework import WorkerAssigned
from shared.contracts.notifications import RecipientKind
from shared.database import among


@dataclass(frozen=True, slots=True)
class Progress:
    filed: int
    history: int
    """Of these, records of the past, which nobody is assigned to and nobody told of."""
    assigned: int
    told: int
    """The assigned worker and the resident each have their message about it in the final state `delivered`."""


async def progress(session: AsyncSession, source: str, external_ids: Sequence[str] | None = None) -> Progress:
    """Of all requests of a source, or of those with these external ids."""
    statement = select(
        func.count(),
        func.count().filter(Request.history),
        func.count().filter(Request.dispatched.is_not(None)),
        func.count().filter(_told(RecipientKind.WORKER) & _told(RecipientKind.RESIDENT)),
    ).where(Request.source == source)
    if external_ids is not None:
        statement = statement.where(among(Request.external_id, external_ids))
    return Progress(*(await session.execute(statement)).one())


def _told(kind: RecipientKind) -> ColumnElement[bool]:
    return exists(
        select(Telling.message).where(
            Telling.request == Request.id,
            Telling.event == WorkerAssigned.type,
            Telling.recipient_kind == kind.value,
            Telling.state == "delivered",
        )
    )
