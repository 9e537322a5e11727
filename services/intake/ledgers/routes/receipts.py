"""Receipts of a ledger: adding a photo, looking at it, taking off what no line names."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.intake.access import actor_of, own_resident
from services.intake.activities import queries as activities
from services.intake.activities.rules import ActivityNotFound
from services.intake.attachments.actions import content_of, key_of, seal
from services.intake.attachments.checking import Checks
from services.intake.attachments.stores import Store
from services.intake.attachments.uploading import (
    BODY,
    READS,
    REFUSED,
    UNREADABLE,
    StoredFile,
    facts_of,
    given_out,
    sent_content,
    stored,
)
from services.intake.desk import Desk
from services.intake.ledgers import receipts
from services.intake.ledgers.receipts import Receipt
from services.intake.ledgers.rules import (
    LedgerSettled,
    NotYetPlanned,
    ReceiptInBooks,
    ReceiptNotFound,
    TooManyReceipts,
)
from services.intake.residents.actions import Reading
from services.intake.residents.queries import ResidentNotFound
from services.intake.wire import Purpose, UnknownCode, purpose_of
from shared.refusals import Forbidden
from shared.security import permit
from shared.web import Call, Model, provided, refuses

router = APIRouter()
AnyDesk = Annotated[Desk, provided(Desk)]
AnyStore = Annotated[Store, provided(Store)]


class OwnReceiptsOnly(Forbidden):
    type = "own-receipts-only"
    zh = "只能提交本人垫付的票据。"
    en = "You can only hand in receipts of what you paid yourself."


class ReceiptLine(StoredFile):
    id: UUID
    activity: UUID
    payer: UUID | None
    """The resident who paid; absent where it was the community."""

    @classmethod
    def of(cls, activity: UUID, receipt: Receipt) -> "ReceiptLine":
        row = receipt.row
        return cls.model_validate(
            {"id": row.id, "activity": activity, "payer": receipt.payer, **facts_of(row)}
        )


class Receipts(Model):
    receipts: list[ReceiptLine]


@router.post(
    "/v1/activities/{id}/ledger/receipts",
    status_code=201,
    openapi_extra=dict(BODY),
    responses=refuses(
        OwnReceiptsOnly,
        ActivityNotFound,
        NotYetPlanned,
        LedgerSettled,
        TooManyReceipts,
        ResidentNotFound,
        *REFUSED,
    ),
)
async def add_receipt(
    *,
    id: UUID,
    request: Request,
    call: Annotated[Call, permit("receipts:add")],
    desk: AnyDesk,
    store: AnyStore,
    checks: Annotated[Checks, provided(Checks)],
    payer: Annotated[
        UUID | None, Query(description="The resident who paid; nobody where the community did")
    ] = None,
) -> ReceiptLine:
    """Hand in the photo of a receipt: the body is its content. A resident hands in their own, for staff to enter.

    It is checked and drawn anew as an attachment is, and lies under the payer's key.
    """
    own, by = own_resident(call.principal), actor_of(call.principal)
    if own is not None and payer not in {None, own}:
        raise OwnReceiptsOnly
    paid = own or payer
    terms = desk.policies.of(call.tenant).attachments
    sent = await sent_content(request, call, terms)
    async with call.transaction() as session:
        # Whose it is not, or that it is too late, is told before a picture is drawn.
        holder = await receipts.holder_of(session, desk.keys, paid)
        await receipts.require_open(session, id, seen_by=own)
    sealed = seal(call.tenant, holder, await checks.content(sent), None)

    async def add(session: AsyncSession) -> ReceiptLine:
        added = await receipts.add(
            session, desk.keys, id, sealed, holder, payer=paid, most=terms.number, by=by, now=call.now
        )
        return ReceiptLine.of(id, added)

    return await stored(store, sealed, call, add)


@router.get("/v1/activities/{id}/ledger/receipts", responses=refuses(ActivityNotFound))
async def list_receipts(id: UUID, call: Annotated[Call, permit("receipts:read")]) -> Receipts:
    """The receipts of an activity, oldest first. A resident sees their own."""
    own = own_resident(call.principal)
    async with call.transaction() as session:
        await activities.one(session, id, seen_by=own)
        found = await receipts.listing(session, id, own=own)
    return Receipts(receipts=[ReceiptLine.of(id, each) for each in found])


@router.get(
    "/v1/activities/{id}/ledger/receipts/{receipt}",
    response_class=Response,
    responses={**READS, **refuses(ReceiptNotFound, UnknownCode, *UNREADABLE)},
)
async def read_receipt(
    *,
    id: UUID,
    receipt: UUID,
    call: Annotated[Call, permit("receipts:read")],
    desk: AnyDesk,
    store: AnyStore,
    purpose: Purpose = None,
) -> Response:
    """The photo. The read is recorded, and the resident who paid sees it."""
    own = own_resident(call.principal)
    stated = purpose_of(purpose, "own_access" if own else "keep_books")
    reading = Reading(actor_of(call.principal), stated, call.now)
    async with call.transaction() as session:
        row = await receipts.one(session, id, receipt, own=own)
        holder = await key_of(session, desk.keys, row)
        await receipts.note_read(session, row, reading)
    return given_out(row, await content_of(store, holder, row))


@router.delete(
    "/v1/activities/{id}/ledger/receipts/{receipt}",
    status_code=204,
    responses=refuses(ReceiptNotFound, ReceiptInBooks),
)
async def take_off_receipt(id: UUID, receipt: UUID, call: Annotated[Call, permit("receipts:add")]) -> None:
    """Take off what no line names; its content is removed within the hour. A resident takes off their own."""
    own = own_resident(call.principal)
    async with call.transaction() as session:
        await receipts.take_off(session, id, receipt, own=own, now=call.now)
