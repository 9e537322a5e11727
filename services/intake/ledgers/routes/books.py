"""Keeping an activity's ledger: reading it, adding lines, reversing them, settling."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of
from services.intake.activities.rules import ActivityNotFound, IllegalActivityMove
from services.intake.ledgers import actions, queries, receipts, rules
from services.intake.ledgers.actions import Entry
from services.intake.ledgers.routes.schemas import (
    Entered,
    LedgerLineOfList,
    LedgerRecord,
    LineBody,
    LineRecord,
    Settled,
    TotalsBody,
    reversals,
)
from services.intake.ledgers.rules import (
    AlreadyReversed,
    Kind,
    LedgerNotFound,
    LedgerSettled,
    LineNotFound,
    MoreThanGiven,
    NotBalanced,
    NotEnoughCash,
    NotOwed,
    NotYetPlanned,
    PartyMissing,
    ReceiptMissing,
    ReceiptUnknown,
    State,
)
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.queries import one as one_resident
from services.intake.residents.rules import ResidentErased
from services.intake.wire import UnknownCode, known_code
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, refuses

router = APIRouter()
_ENTERING = (ActivityNotFound, NotYetPlanned, LedgerSettled, NotEnoughCash, MoreThanGiven, NotOwed)
_SPENT = (Kind.EXPENSE, Kind.OUT_OF_POCKET)


@router.get("/v1/ledgers")
async def list_ledgers(
    call: Annotated[Call, permit("ledgers:read")],
    *,
    state: State | None = None,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[LedgerLineOfList]:
    """The ledgers of all activities, the latest activity first."""
    before = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        rows = await queries.listing(session, state=state, before=before, limit=limit + 1)
    return page(rows, limit, item=LedgerLineOfList.of, position=lambda row: (row.activity,))


@router.get("/v1/activities/{id}/ledger", responses=refuses(LedgerNotFound))
async def read_ledger(id: UUID, call: Annotated[Call, permit("ledgers:read")]) -> LedgerRecord:
    """The whole ledger, with the ids of those who paid."""
    async with call.transaction() as session:
        ledger = await queries.one(session, id)
        rows = await queries.rows(session, id)
        waiting = await queries.waiting(session, id)
    call.etag(ledger.version)
    reversed_by = reversals(rows)
    return LedgerRecord(
        **LedgerLineOfList.of(ledger).model_dump(),
        totals=TotalsBody.of(rules.sums([queries.line_of(row) for row in rows])),
        entries=[LineRecord.of(row, reversed_by.get(row.number), call.language) for row in rows],
        waiting=waiting,
    )


@router.post(
    "/v1/activities/{id}/ledger/lines",
    status_code=201,
    responses=refuses(
        *_ENTERING,
        PartyMissing,
        ReceiptMissing,
        ReceiptUnknown,
        UnknownCode,
        ResidentNotFound,
        ResidentErased,
    ),
)
async def enter_ledger_line(
    id: UUID, body: LineBody, call: Annotated[Call, permit("ledgers:enter")]
) -> Entered:
    """Money that came or went. It stays as it is; what was wrong is reversed."""
    _check(body)

    async def enter(session: AsyncSession) -> Entered:
        for resident in (body.payer, body.sponsor):
            if resident is not None:
                await one_resident(session, resident)
        if body.receipt is not None:
            await receipts.check(session, id, body.receipt, body.payer)
        entry = Entry(
            body.kind, body.amount, body.payer, body.party, body.sponsor, body.purpose, body.receipt
        )
        by = actor_of(call.principal)
        return Entered.of(*await actions.enter(session, id, entry, now=call.now, by=by))

    return await call.once(enter)


@router.post(
    "/v1/activities/{id}/ledger/lines/{number}/reverse",
    responses=refuses(*_ENTERING, LedgerNotFound, LineNotFound, AlreadyReversed),
)
async def reverse_ledger_line(
    id: UUID, number: int, call: Annotated[Call, permit("ledgers:enter")]
) -> Entered:
    """Take a line back by its opposite; both stay."""

    async def reverse(session: AsyncSession) -> Entered:
        by = actor_of(call.principal)
        return Entered.of(*await actions.reverse(session, id, number, now=call.now, by=by))

    return await call.once(reverse)


@router.post(
    "/v1/activities/{id}/ledger/settle",
    responses=refuses(ActivityNotFound, NotYetPlanned, LedgerSettled, NotBalanced, IllegalActivityMove),
)
async def settle_ledger(id: UUID, call: Annotated[Call, permit("ledgers:settle")]) -> Settled:
    """Close it for good: everybody was paid back, nothing is left over. The activity is settled, its sums are open."""

    async def settle(session: AsyncSession) -> Settled:
        by = actor_of(call.principal)
        ledger, sums = await actions.settle(session, id, now=call.now, by=by)
        return Settled(
            activity=id,
            state=State(ledger.state),
            version=ledger.version,
            totals=TotalsBody.of(sums),
        )

    return await call.once(settle)


def _check(body: LineBody) -> None:
    """What each kind of line has to name. Raises PartyMissing, ReceiptMissing, UnknownCode."""
    if body.purpose is not None:
        known_code("ledger_purpose", body.purpose, field="purpose")
    pocket = body.kind is Kind.OUT_OF_POCKET
    if pocket != (body.payer is not None):
        raise PartyMissing(
            field="payer",
            reason_zh="居民垫付须写明垫付的居民，其他账目不写。",
            reason_en="What a resident paid names the resident; no other line does.",
        )
    one_of_both = (body.party is None) != (body.sponsor is None)
    if (body.kind is Kind.SPONSOR and not one_of_both) or (
        body.kind is not Kind.SPONSOR and body.sponsor is not None
    ):
        raise PartyMissing(
            field="party",
            reason_zh="赞助须写明单位名称或居民之一，其他账目不写赞助居民。",
            reason_en="A sponsorship names a body or a resident, and one of them; no other line names a sponsor.",
        )
    if body.kind in _SPENT and body.purpose is None:
        raise PartyMissing(field="purpose", reason_zh="支出须写明用途。", reason_en="Say what was bought.")
    if pocket and body.receipt is None:
        raise ReceiptMissing(
            field="receipt",
            reason_zh="居民垫付须附票据。",
            reason_en="What a resident paid needs its receipt.",
        )
