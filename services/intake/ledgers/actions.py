"""Use cases of ledgers. Each locks the activity, then its ledger; state and events go together."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities import queries as activities
from services.intake.activities.actions.ending import settle as settle_activity
from services.intake.activities.rules import State as ActivityState
from services.intake.activities.tables import Activity
from services.intake.actor import Actor
from services.intake.ledgers import queries, rules
from services.intake.ledgers.rules import (
    ClaimDecided,
    ClaimState,
    Kind,
    LedgerNotFound,
    LedgerSettled,
    Line,
    LineNotFound,
    NotOwed,
    NotYetPlanned,
    OwnEntry,
    State,
    Sums,
)
from services.intake.ledgers.tables import Ledger, LedgerLine, Reimbursement
from shared.contracts.intake.accounts import ActivitySettled
from shared.database import new_id
from shared.messaging.outbox import record


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written into a line beside its amount."""

    kind: Kind
    amount: int
    """Fen, above zero."""
    payer: UUID | None = None
    party: str | None = None
    sponsor: UUID | None = None
    purpose: str | None = None
    receipt: UUID | None = None
    claim: UUID | None = None


async def enter(
    session: AsyncSession, activity: UUID, entry: Entry, *, now: datetime, by: Actor
) -> tuple[Ledger, LedgerLine]:
    """Add a line; the first opens the ledger. Raises ActivityNotFound, NotYetPlanned, LedgerSettled, NotEnoughCash, NotOwed."""
    ledger, lines = await _held(session, activity, now)
    line = rules.line_of(len(lines) + 1, entry.kind, entry.amount, entry.payer)
    row = await _add(session, ledger, lines, line, entry, now=now, by=by)
    return ledger, row


async def reverse(
    session: AsyncSession, activity: UUID, number: int, *, now: datetime, by: Actor
) -> tuple[Ledger, LedgerLine]:
    """Take a line back by its opposite. Raises LedgerNotFound, LineNotFound, AlreadyReversed and what `enter` raises."""
    ledger, lines = await _held(session, activity)
    if not 1 <= number <= len(lines):
        raise LineNotFound
    line = rules.reversal_of(lines[number - 1], len(lines) + 1)
    row = await _add(session, ledger, lines, line, Entry(Kind.REVERSAL, line.amount), now=now, by=by)
    return ledger, row


async def waive(
    session: AsyncSession, activity: UUID, resident: UUID, amount: int, *, now: datetime, by: Actor
) -> tuple[Ledger, LedgerLine]:
    """The resident gives to the activity what they laid out. Raises NotOwed."""
    ledger, lines = await _held(session, activity, now)
    await _require_owed(session, activity, lines, resident, amount)
    line = rules.line_of(len(lines) + 1, Kind.WAIVER, amount, resident)
    row = await _add(session, ledger, lines, line, Entry(Kind.WAIVER, amount, resident), now=now, by=by)
    return ledger, row


async def claim(
    session: AsyncSession, activity: UUID, payer: UUID, amount: int, *, now: datetime, by: Actor
) -> Reimbursement:
    """Ask that a resident be paid back; somebody else decides. Raises NotOwed where that much is not owed any more."""
    ledger, lines = await _held(session, activity, now)
    await _require_owed(session, activity, lines, payer, amount)
    row = Reimbursement(
        id=new_id(),
        activity=activity,
        payer=payer,
        amount=amount,
        state=ClaimState.WAITING.value,
        entered=now,
        entered_by=by.subject,
    )
    session.add(row)
    await session.flush()
    await _restate(session, ledger, lines)
    return row


async def decide(
    session: AsyncSession, activity: UUID, id: UUID, *, approve: bool, now: datetime, by: Actor
) -> Reimbursement:
    """Pay it, or do not. Raises LedgerNotFound, ClaimNotFound, ClaimDecided, OwnEntry, NotEnoughCash, NotOwed."""
    ledger, lines = await _held(session, activity)
    row = await queries.claim(session, activity, id)
    if row.state != ClaimState.WAITING:
        raise ClaimDecided
    if row.entered_by == by.subject:
        raise OwnEntry
    row.state = (ClaimState.APPROVED if approve else ClaimState.REFUSED).value
    row.decided, row.decided_by = now, by.subject
    if not approve:
        await session.flush()
        await _restate(session, ledger, lines)
        return row
    line = rules.line_of(len(lines) + 1, Kind.REIMBURSEMENT, row.amount, row.payer)
    row.line = line.number
    await session.flush()
    entry = Entry(Kind.REIMBURSEMENT, row.amount, row.payer, claim=row.id)
    await _add(session, ledger, lines, line, entry, now=now, by=by)
    return row


async def settle(session: AsyncSession, activity: UUID, *, now: datetime, by: Actor) -> tuple[Ledger, Sums]:
    """Close the ledger for good, and with it the activity: held → settled. Its sums are open from now on.

    An activity without any money is settled as well. Raises NotBalanced, LedgerSettled, IllegalActivityMove.
    """
    row = await activities.lock(session, activity)
    ledger = await _ledger(session, row, now)
    lines = await queries.lines(session, activity)
    rules.require_balanced(lines, waiting=await queries.waiting(session, activity))
    # What was called off keeps its state; its money is settled all the same.
    if row.state != ActivityState.CANCELLED:
        await settle_activity(session, row, now=now, by=by)
    ledger.state, ledger.settled, ledger.version = State.SETTLED.value, now, ledger.version + 1
    await session.flush()
    total = rules.sums(lines)
    event = ActivitySettled(
        activity=activity,
        cost=total.cost,
        budget=total.budget,
        sponsored=total.sponsored,
        donated=total.donated,
        out_of_pocket=total.out_of_pocket,
        lines=len(lines),
    )
    await record(session, event, at=now)
    return ledger, total


async def _held(
    session: AsyncSession, activity: UUID, opens: datetime | None = None
) -> tuple[Ledger, list[Line]]:
    """The ledger, locked, with its lines. `opens`: the time at which it is opened where there is none yet."""
    ledger = await _ledger(session, await activities.lock(session, activity), opens)
    return ledger, list(await queries.lines(session, activity))


async def _ledger(session: AsyncSession, row: Activity, opens: datetime | None) -> Ledger:
    """The activity is locked, so nobody else opens its ledger meanwhile. Raises NotYetPlanned, LedgerSettled."""
    try:
        ledger = await queries.one(session, row.id, for_update=True)
    except LedgerNotFound:
        if opens is None:
            raise
        if row.state == ActivityState.PROPOSED:
            raise NotYetPlanned from None
        ledger = Ledger(
            activity=row.id, state=State.BALANCED.value, lines=0, version=1, opened=opens, settled=None
        )
        session.add(ledger)
        await session.flush()
    if ledger.state == State.SETTLED:
        raise LedgerSettled
    return ledger


async def _add(
    session: AsyncSession,
    ledger: Ledger,
    lines: list[Line],
    line: Line,
    entry: Entry,
    *,
    now: datetime,
    by: Actor,
) -> LedgerLine:
    rules.check(lines, line)
    row = LedgerLine(
        activity=ledger.activity,
        number=line.number,
        kind=line.kind.value,
        debit=line.debit.value,
        credit=line.credit.value,
        amount=line.amount,
        payer=line.payer,
        party=entry.party,
        sponsor=entry.sponsor,
        purpose=entry.purpose,
        receipt=entry.receipt,
        reverses=line.reverses,
        claim=entry.claim,
        role=by.role,
        actor=by.subject,
        at=now,
    )
    session.add(row)
    await session.flush()
    await _restate(session, ledger, [*lines, line])
    return row


async def _restate(session: AsyncSession, ledger: Ledger, lines: list[Line]) -> None:
    waiting = await queries.waiting(session, ledger.activity)
    ledger.state = rules.state_of(lines, waiting=waiting).value
    ledger.lines = len(lines)
    ledger.version += 1
    await session.flush()


async def _require_owed(
    session: AsyncSession, activity: UUID, lines: list[Line], payer: UUID, amount: int
) -> None:
    """That much is owed and not asked for already. Raises NotOwed."""
    free = rules.owed(lines).get(payer, 0) - await queries.asked_for(session, activity, payer)
    if amount > free:
        raise NotOwed(field="amount", owed_zh=rules.yuan(free))
