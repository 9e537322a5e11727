"""Transfers (转办): the owner of a case changes only when the new one accepts."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.assignments.actions import drain
from services.casework.assignments.placing import Placed, write
from services.casework.assignments.rules import Decision, Need, Reason, Trigger
from services.casework.cases import queries
from services.casework.cases.moves import Now, held, note
from services.casework.cases.rules import (
    Actor,
    CaseState,
    Move,
    NobodyHasIt,
    NotOfferedToYou,
    NoTransferOffered,
    SameWorker,
    TransferPending,
    TransferState,
    check_owner,
    moved,
)
from services.casework.cases.tables import Case, CaseTransfer
from services.casework.workers.queries import check_available, worker
from shared.database import new_id


async def offer(session: AsyncSession, id: UUID, actor: Actor, now: Now, *, to: UUID, reason: str) -> Case:
    """Ask a colleague to take the case over. Nothing changes until the answer."""
    case = await held(session, id)
    owner = check_owner(actor, case.worker)
    moved(CaseState(case.state), Move.OFFER)
    if to == owner:
        raise SameWorker(field="to")
    if await queries.pending_transfer(session, id) is not None:
        raise TransferPending
    await check_available(session, to, now.day)
    session.add(
        CaseTransfer(
            id=new_id(),
            case=id,
            offered_by=owner,
            offered_to=to,
            reason=reason,
            state=TransferState.OFFERED.value,
            offered_at=now.at,
        )
    )
    case.version += 1
    await note(session, case, "transfer_offered", actor, now, to=to, reason=reason)
    return case


async def accept(session: AsyncSession, id: UUID, actor: Actor, now: Now) -> Case:
    """The colleague takes the case over, signed for by this and not begun."""
    case, transfer = await _offered(session, id, actor)
    if case.worker is None:
        raise NobodyHasIt
    previous, new = case.worker, transfer.offered_to
    after = moved(CaseState(case.state), Move.TAKE_OVER)
    await check_available(session, new, now.day)
    load = (await worker(session, new)).open_minutes
    transfer.state, transfer.decided_at = TransferState.ACCEPTED.value, now.at
    case.state, case.worker, case.signed_at = after.value, new, now.at
    case.version += 1
    decision = Decision(
        need=Need(request=case.id, effort=case.effort_minutes, category=case.category),
        worker=new,
        waiting=None,
        reasons=(Reason.TOOK_OVER,),
        roster=(),
        out={},
        load_before=load,
        load_after=load + case.effort_minutes,
    )
    placed = Placed(
        decision=decision,
        trigger=Trigger.TRANSFERRED,
        resident=case.resident,
        due=case.due,
        round=case.round,
        state=after,
        previous=previous,
        decided_by=actor.subject,
        note=transfer.reason,
    )
    await write(session, [placed], policy=now.policy, now=now.at)
    await drain(session, policy=now.policy, now=now.at)
    return case


async def decline(session: AsyncSession, id: UUID, actor: Actor, now: Now) -> Case:
    """The colleague does not take it; it stays where it is."""
    case, transfer = await _offered(session, id, actor)
    return await _void(session, case, transfer, TransferState.DECLINED, actor=actor, now=now)


async def withdraw(session: AsyncSession, id: UUID, actor: Actor, now: Now) -> Case:
    """The owner takes the offer back."""
    case = await held(session, id)
    check_owner(actor, case.worker)
    transfer = await queries.pending_transfer(session, id)
    if transfer is None:
        raise NoTransferOffered
    return await _void(session, case, transfer, TransferState.WITHDRAWN, actor=actor, now=now)


async def _offered(session: AsyncSession, id: UUID, actor: Actor) -> tuple[Case, CaseTransfer]:
    case = await held(session, id)
    transfer = await queries.pending_transfer(session, id)
    if transfer is None:
        raise NoTransferOffered
    # Not even the head accepts for another: whoever decides without the new owner reassigns, under an own name.
    if actor.worker != transfer.offered_to:
        raise NotOfferedToYou
    return case, transfer


async def _void(
    session: AsyncSession, case: Case, transfer: CaseTransfer, state: TransferState, *, actor: Actor, now: Now
) -> Case:
    transfer.state, transfer.decided_at = state.value, now.at
    case.version += 1
    await note(session, case, f"transfer_{state.value}", actor, now, to=transfer.offered_to)
    return case
