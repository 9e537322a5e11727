"""Paying residents back: one person asks, another approves; or the resident gives it to the activity."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.activities.rules import ActivityNotFound
from services.intake.ledgers import actions, queries
from services.intake.ledgers.routes.schemas import Claim, ClaimBody, Decision, Entered, WaiverBody
from services.intake.ledgers.rules import (
    ClaimDecided,
    ClaimNotFound,
    LedgerNotFound,
    LedgerSettled,
    NotEnoughCash,
    NotOwed,
    NotYetPlanned,
    OwnEntry,
)
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.queries import one as one_resident
from services.intake.residents.rules import ResidentErased
from shared.refusals import Forbidden
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, refuses

router = APIRouter()
_ENTERING = (ActivityNotFound, NotYetPlanned, LedgerSettled, NotOwed)


class ForWhoeverPaid(Forbidden):
    type = "for-whoever-paid"
    zh = "只有垫付的居民本人可以放弃报销。"
    en = "Only the resident who paid can give it to the activity."


@router.get("/v1/reimbursements")
async def list_reimbursements(
    call: Annotated[Call, permit("ledgers:read")],
    *,
    activity: UUID | None = None,
    waiting: bool = False,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[Claim]:
    """Reimbursements, the latest first; with `waiting` those that somebody has to decide."""
    before = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        rows = await queries.claims(
            session, activity=activity, waiting_only=waiting, before=before, limit=limit + 1
        )
    return page(rows, limit, item=Claim.of, position=lambda row: (row.id,))


@router.post(
    "/v1/activities/{id}/ledger/reimbursements",
    status_code=201,
    responses=refuses(*_ENTERING, ResidentNotFound, ResidentErased),
)
async def ask_for_reimbursement(
    id: UUID, body: ClaimBody, call: Annotated[Call, permit("ledgers:enter")]
) -> Claim:
    """Ask that a resident be paid back what they laid out."""

    async def ask(session: AsyncSession) -> Claim:
        await one_resident(session, body.payer)
        by = actor_of(call.principal)
        return Claim.of(await actions.claim(session, id, body.payer, body.amount, now=call.now, by=by))

    return await call.once(ask)


@router.post(
    "/v1/activities/{id}/ledger/reimbursements/{reimbursement}/decide",
    responses=refuses(*_ENTERING, LedgerNotFound, ClaimNotFound, ClaimDecided, OwnEntry, NotEnoughCash),
)
async def decide_reimbursement(
    id: UUID, reimbursement: UUID, body: Decision, call: Annotated[Call, permit("ledgers:approve")]
) -> Claim:
    """Approve or refuse it: somebody else than whoever entered it. What is approved is paid by a line of its own."""

    async def decide(session: AsyncSession) -> Claim:
        by = actor_of(call.principal)
        return Claim.of(
            await actions.decide(session, id, reimbursement, approve=body.approve, now=call.now, by=by)
        )

    return await call.once(decide)


@router.post(
    "/v1/activities/{id}/ledger/waive",
    status_code=201,
    responses=refuses(*_ENTERING, ForWhoeverPaid),
)
async def waive_reimbursement(
    id: UUID, body: WaiverBody, call: Annotated[Call, permit("ledgers:waive")]
) -> Entered:
    """Give to the activity what one laid out for it; for nobody but the resident themselves to say."""
    own = own_resident(call.principal)
    if own is None:
        raise ForWhoeverPaid

    async def waive(session: AsyncSession) -> Entered:
        by = actor_of(call.principal)
        return Entered.of(*await actions.waive(session, id, own, body.amount, now=call.now, by=by))

    return await call.once(waive)
