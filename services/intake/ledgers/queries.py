"""Every read of ledgers."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.ledgers.rules import (
    Account,
    ClaimNotFound,
    ClaimState,
    Kind,
    LedgerNotFound,
    Line,
    State,
)
from services.intake.ledgers.tables import WAITING, Ledger, LedgerLine, Reimbursement


async def one(session: AsyncSession, activity: UUID, *, for_update: bool = False) -> Ledger:
    """Raises LedgerNotFound."""
    statement = select(Ledger).where(Ledger.activity == activity).execution_options(populate_existing=True)
    row = await session.scalar(statement.with_for_update() if for_update else statement)
    if row is None:
        raise LedgerNotFound
    return row


async def rows(session: AsyncSession, activity: UUID) -> Sequence[LedgerLine]:
    """All lines of an activity in their order: dozens, and every sum needs all of them."""
    statement = select(LedgerLine).where(LedgerLine.activity == activity)
    return (await session.scalars(statement.order_by(LedgerLine.number))).all()


async def lines(session: AsyncSession, activity: UUID) -> Sequence[Line]:
    return [line_of(row) for row in await rows(session, activity)]


async def waiting(session: AsyncSession, activity: UUID) -> int:
    """Reimbursements of the activity that nobody has decided yet."""
    statement = select(func.count()).where(
        Reimbursement.activity == activity, Reimbursement.state == ClaimState.WAITING.value
    )
    return int(await session.scalar(statement) or 0)


async def asked_for(session: AsyncSession, activity: UUID, payer: UUID) -> int:
    """Fen that wait to be paid back to a resident."""
    statement = select(func.coalesce(func.sum(Reimbursement.amount), 0)).where(
        Reimbursement.activity == activity,
        Reimbursement.payer == payer,
        Reimbursement.state == ClaimState.WAITING.value,
    )
    return int(await session.scalar(statement) or 0)


async def claim(session: AsyncSession, activity: UUID, id: UUID) -> Reimbursement:
    """Raises ClaimNotFound."""
    statement = select(Reimbursement).where(Reimbursement.id == id, Reimbursement.activity == activity)
    row = await session.scalar(statement.execution_options(populate_existing=True))
    if row is None:
        raise ClaimNotFound
    return row


async def claims(
    session: AsyncSession, *, activity: UUID | None, waiting_only: bool, before: UUID | None, limit: int
) -> Sequence[Reimbursement]:
    """The latest first, from below id `before` on."""
    statement = select(Reimbursement)
    if activity is not None:
        statement = statement.where(Reimbursement.activity == activity)
    if waiting_only:
        statement = statement.where(text(WAITING))
    if before is not None:
        statement = statement.where(Reimbursement.id < before)
    return (await session.scalars(statement.order_by(Reimbursement.id.desc()).limit(limit))).all()


async def listing(
    session: AsyncSession, *, state: State | None, before: UUID | None, limit: int
) -> Sequence[Ledger]:
    """The latest activity first."""
    statement: Select[Ledger] = select(Ledger)
    if state is not None:
        statement = statement.where(Ledger.state == state.value)
    if before is not None:
        statement = statement.where(Ledger.activity < before)
    return (await session.scalars(statement.order_by(Ledger.activity.desc()).limit(limit))).all()


async def of_residents(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[LedgerLine]:
    """Lines that are about their money, oldest first."""
    statement = select(LedgerLine).where(LedgerLine.payer.in_(residents) | LedgerLine.sponsor.in_(residents))
    return (await session.scalars(statement.order_by(tuple_(LedgerLine.at, LedgerLine.number)))).all()


def line_of(row: LedgerLine) -> Line:
    return Line(
        number=row.number,
        kind=Kind(row.kind),
        debit=Account(row.debit),
        credit=Account(row.credit),
        amount=row.amount,
        payer=row.payer,
        reverses=row.reverses,
    )
