"""HTTP paths of retention: what the nightly runs did, and what the next would do."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.intake.access import actor_of
from services.intake.desk import Desk
from services.intake.residents.belongings import Belongings
from services.intake.retention import queries
from services.intake.retention.actions import Keeper
from services.intake.retention.tables import RetentionRun
from shared.security import permit
from shared.web import Call, Cursor, Model, Page, cursor_query, limit_query, page, provided

router = APIRouter(tags=["retention"])


class RetentionReport(Model):
    id: UUID
    started: datetime
    dry: bool
    """It counted, and changed nothing."""
    by: str
    periods: dict[str, int]
    """In months: words of closed requests, reads, residents without anything."""
    counts: dict[str, int]
    """What was past its period, and went unless it was dry."""


@router.get("/v1/retention-runs")
async def list_retention_runs(
    call: Annotated[Call, permit("retention:read")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[RetentionReport]:
    """What the runs did, the latest first."""
    before = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        rows = await queries.runs(session, before=before, limit=limit + 1)
    return page(rows, limit, item=_report, position=lambda row: (row.id,))


@router.post("/v1/retention-runs/rehearsals", status_code=201)
async def rehearse_retention(
    call: Annotated[Call, permit("retention:run")],
    desk: Annotated[Desk, provided(Desk)],
    belongings: Annotated[Belongings, provided(Belongings)],
) -> RetentionReport:
    """Count what the next nightly run would take away. It changes nothing, and is no call that is kept under a key."""
    keeper = Keeper(desk.keys, belongings, call.tenant, call.transaction)
    return _report(
        await keeper.run(
            desk.policies.of(call.tenant).retention,
            now=call.now,
            dry=True,
            by=actor_of(call.principal).subject,
        )
    )


def _report(row: RetentionRun) -> RetentionReport:
    return RetentionReport(
        id=row.id,
        started=row.started,
        dry=row.dry,
        by=row.by,
        periods=row.periods,
        counts=row.counts,
    )
