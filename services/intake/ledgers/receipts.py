"""Receipts (票据): photos of what was bought, under the key of the resident who paid, or of nobody's where the community did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities import queries as activities
from services.intake.activities.rules import State as ActivityState
from services.intake.actor import Actor
from services.intake.anonymous import queries as anonymous
from services.intake.anonymous.actions import holder_for
from services.intake.anonymous.rules import Complainant
from services.intake.attachments.actions import Sealed, note
from services.intake.attachments.tables import Attachment
from services.intake.ledgers import queries
from services.intake.ledgers.rules import (
    LedgerNotFound,
    LedgerSettled,
    NotYetPlanned,
    ReceiptInBooks,
    ReceiptNotFound,
    ReceiptUnknown,
    State,
    TooManyReceipts,
)
from services.intake.ledgers.tables import LedgerLine
from services.intake.residents import queries as residents
from services.intake.residents.actions import Reading, record_reads
from services.intake.residents.keys import Holder, Keys
from services.intake.residents.queries import of_same_person
from services.intake.residents.rules import ResidentErased
from shared.database import new_id

_READ = "ledger.receipt"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt, and the resident who paid; None where nobody's own money was spent."""

    row: Attachment
    payer: UUID | None


async def holder_of(session: AsyncSession, keys: Keys, payer: UUID | None) -> Holder:
    """The key it is sealed with: the payer's, or a new one. Raises ResidentNotFound, ResidentErased."""
    if payer is None:
        return keys.new(new_id())
    await residents.one(session, payer)
    found = await residents.holders(session, keys, [payer])
    if payer not in found:
        raise ResidentErased
    return found[payer]


async def require_open(session: AsyncSession, activity: UUID, *, seen_by: UUID | None) -> None:
    """That there may be a receipt, for whoever sees the activity. Raises ActivityNotFound, NotYetPlanned, LedgerSettled."""
    row = await activities.one(session, activity, seen_by=seen_by)
    try:
        ledger = await queries.one(session, activity)
    except LedgerNotFound:
        if row.state == ActivityState.PROPOSED:
            raise NotYetPlanned from None
        return
    if ledger.state == State.SETTLED:
        raise LedgerSettled


async def add(
    session: AsyncSession,
    keys: Keys,
    activity: UUID,
    sealed: Sealed,
    holder: Holder,
    *,
    payer: UUID | None,
    most: int,
    by: Actor,
    now: datetime,
) -> Receipt:
    """Note what is stored already. A payer has so many at most that no line names yet.

    Raises ActivityNotFound, NotYetPlanned, LedgerSettled, TooManyReceipts, ResidentErased.
    """
    # Settling waits, and so does who adds another one: the number is right.
    await activities.lock(session, activity)
    await require_open(session, activity, seen_by=None)
    if payer is None:
        await holder_for(session, keys, Complainant.NOBODY, now=now, sealed_by=holder)
    else:
        await residents.one(session, payer)
        if await _unnamed(session, activity, payer) >= most:
            raise TooManyReceipts(most=most)
    return Receipt(await note(session, sealed, activity=activity, by=by, now=now), payer)


async def listing(session: AsyncSession, activity: UUID, *, own: UUID | None) -> Sequence[Receipt]:
    """Of an activity, in the order in which they came; `own` narrows to that resident's. Dozens at most."""
    statement = select(Attachment).where(Attachment.activity == activity, Attachment.removed.is_(None))
    if own is not None:
        statement = statement.where(of_same_person(Attachment.resident, own))
    rows = (await session.scalars(statement.order_by(Attachment.id))).all()
    nobody = await anonymous.nameless(session, [row.resident for row in rows])
    return [Receipt(row, None if row.resident in nobody else row.resident) for row in rows]


async def one(
    session: AsyncSession, activity: UUID, receipt: UUID, *, own: UUID | None, for_update: bool = False
) -> Attachment:
    """Raises ReceiptNotFound."""
    statement = select(Attachment).where(
        Attachment.id == receipt, Attachment.activity == activity, Attachment.removed.is_(None)
    )
    if own is not None:
        statement = statement.where(of_same_person(Attachment.resident, own))
    row: Attachment | None = await session.scalar(statement.with_for_update() if for_update else statement)
    if row is None:
        raise ReceiptNotFound
    return row


async def note_read(session: AsyncSession, row: Attachment, reading: Reading) -> None:
    """The payer sees who looked at it."""
    await record_reads(session, [row.resident], [_READ], reading)


async def check(session: AsyncSession, activity: UUID, receipt: UUID, payer: UUID | None) -> None:
    """That a line may name it: it is of this activity and, for what a resident paid, of this resident.

    It is locked until the line is written, so that nobody takes it off meanwhile. Raises ReceiptUnknown.
    """
    try:
        await one(session, activity, receipt, own=payer, for_update=True)
    except ReceiptNotFound:
        raise ReceiptUnknown(
            field="receipt",
            reason_zh="该活动没有此票据，或不是该居民的票据。",
            reason_en="This activity has no such receipt, or it is not this resident's.",
        ) from None


async def take_off(
    session: AsyncSession, activity: UUID, receipt: UUID, *, own: UUID | None, now: datetime
) -> None:
    """What no line names may go again. Raises ReceiptNotFound, ReceiptInBooks."""
    row = await one(session, activity, receipt, own=own, for_update=True)
    named = select(LedgerLine.number).where(LedgerLine.activity == activity, LedgerLine.receipt == receipt)
    if await session.scalar(named.limit(1)) is not None:
        raise ReceiptInBooks
    await session.execute(update(Attachment).where(Attachment.id == row.id).values(removed=now))


async def _unnamed(session: AsyncSession, activity: UUID, payer: UUID) -> int:
    """Receipts of a payer that no line of the activity names."""
    named = select(LedgerLine.receipt).where(
        LedgerLine.activity == activity, LedgerLine.receipt == Attachment.id
    )
    statement = select(func.count()).where(
        Attachment.activity == activity,
        of_same_person(Attachment.resident, payer),
        Attachment.removed.is_(None),
        ~named.exists(),
    )
    return await session.scalar(statement) or 0
