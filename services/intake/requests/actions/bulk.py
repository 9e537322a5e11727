"""Filing many requests of another system at once: a fixed number of statements, whatever the number of rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.desk import Desk
from services.intake.requests.actions.writing import write
from services.intake.requests.filing import Particulars, Words
from services.intake.requests.tables import Request
from services.intake.residents.actions import ensure_by_references
from shared.database import among, scope_of
from shared.messaging.outbox import record


class Filed(NamedTuple):
    """A request that stands for a row, filed now or before."""

    request: UUID
    reference: str
    new: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One request of the other system; `said.external_id` is set and unlike all others of the batch."""

    resident_ref: str
    words: Words
    said: Particulars

    @property
    def external_id(self) -> str:
        return self.said.external_id or ""


async def file_all(
    session: AsyncSession, desk: Desk, source: str, rows: Sequence[Row], *, now: datetime, by: Actor
) -> Mapping[str, Filed]:
    """By external id, what each row's request is. Rows whose resident was erased at this very moment are missing.

    A request is filed once for each source and external id: the unique index decides, also between two imports that
    run at the same time.
    """
    tenant = scope_of(session)
    filed = await _filed_before(session, source, [row.external_id for row in rows])
    fresh = [row for row in rows if row.external_id not in filed]
    if not fresh:
        return filed
    refs = (row.resident_ref for row in fresh)
    holders = await ensure_by_references(session, desk.keys, source, refs, now=now)
    # In the order of the index that decides, so that two batches with the same rows do not wait for each other.
    fresh = sorted((row for row in fresh if row.resident_ref in holders), key=lambda row: row.external_id)
    filings = await desk.prepare(
        tenant, [(holders[row.resident_ref], row.words, row.said) for row in fresh], now=now, by=by
    )
    written = await write(session, filings) if filings else set()
    new = [filing for filing in filings if filing.id in written]
    await record(session, *(filing.event() for filing in new))
    lost = [filing.particulars.external_id or "" for filing in filings if filing.id not in written]
    return {
        **filed,
        **(await _filed_before(session, source, lost) if lost else {}),
        **{filing.particulars.external_id or "": Filed(filing.id, filing.reference, True) for filing in new},
    }


async def _filed_before(session: AsyncSession, source: str, external_ids: Sequence[str]) -> dict[str, Filed]:
    rows = await session.execute(
        select(Request.external_id, Request.id, Request.reference).where(
            Request.source == source, among(Request.external_id, external_ids)
        )
    )
    return {row.external_id: Filed(row.id, row.reference, False) for row in rows if row.external_id}
