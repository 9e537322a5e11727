"""What a worker does with a case, and what the head decides. One transaction each, state, load and event together."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.assignments.actions import PAGE, assign_again, drain, move_to
from services.casework.assignments.rules import Trigger
from services.casework.cases.moves import Now, held, lapse_transfer, move, note
from services.casework.cases.rules import (
    Actor,
    CaseState,
    HeadDecidesFirst,
    Move,
    SameWorker,
    Waiting,
    check_owner,
    moved,
)
from services.casework.cases.tables import Case
from services.casework.workers.queries import check_available
from shared.calendar import WorkCalendar
from shared.contracts.casework import CaseAccepted, CaseReturned, CaseSubmitted
from shared.messaging.outbox import record


async def accept(session: AsyncSession, id: UUID, actor: Actor, now: Now, *, calendar: WorkCalendar) -> Case:
    """The worker signs (签收), within the limit from the assignment on, or late."""
    case = await held(session, id)
    worker = check_owner(actor, case.worker)
    await move(session, case, Move.ACCEPT, now)
    case.signed_at = now.at
    limit = now.policy.limits.sign.after(case.assigned_at or case.filed_at, calendar)
    within = now.at <= limit.at
    await note(session, case, "accepted", actor, now, within_limit=within, limit=limit.at)
    await record(
        session,
        CaseAccepted(request=case.id, worker=worker, resident=case.resident, within_limit=within),
        at=now.at,
    )
    return case


async def start(session: AsyncSession, id: UUID, actor: Actor, now: Now) -> Case:
    """Work begins."""
    case = await held(session, id)
    check_owner(actor, case.worker)
    await move(session, case, Move.START, now)
    await note(session, case, "started", actor, now)
    return case


async def submit(
    session: AsyncSession, id: UUID, actor: Actor, now: Now, *, result: str, effort_minutes: int
) -> Case:
    """The worker handled the case and asks for the check (核查). `effort_minutes`: really spent."""
    case = await held(session, id)
    worker = check_owner(actor, case.worker)
    await move(session, case, Move.SUBMIT, now)
    case.result, case.spent_minutes, case.submitted_at = result, effort_minutes, now.at
    await lapse_transfer(session, case, actor, now)
    await note(session, case, "submitted", actor, now, result=result, effort=effort_minutes)
    await record(
        session,
        CaseSubmitted(
            request=case.id, worker=worker, resident=case.resident, result=result, effort=effort_minutes
        ),
        at=now.at,
    )
    await drain(session, policy=now.policy, now=now.at)
    return case


async def give_back(
    session: AsyncSession, id: UUID, actor: Actor, now: Now, *, reason: str, calendar: WorkCalendar
) -> Case:
    """The worker returns the case (退单): someone else gets it, or after so many returns the head decides."""
    case = await held(session, id)
    worker = check_owner(actor, case.worker)
    await move(session, case, Move.RETURN, now)
    case.returns += 1
    case.worker, case.signed_at = None, None
    waits = case.returns >= now.policy.limits.returns_until_head
    limit = now.policy.limits.return_within.after(case.assigned_at or case.filed_at, calendar)
    case.waiting = Waiting.HEAD_DECIDES if waits else None
    await lapse_transfer(session, case, actor, now)
    await note(
        session,
        case,
        "returned",
        actor,
        now,
        by=worker,
        reason=reason,
        returns=case.returns,
        within_limit=now.at <= limit.at,
    )
    await record(
        session,
        CaseReturned(
            request=case.id, worker=worker, resident=case.resident, reason=reason, returns=case.returns
        ),
        at=now.at,
    )
    behind = await drain(session, policy=now.policy, now=now.at) == PAGE
    if not waits:
        await assign_again(session, case, Trigger.RETURNED, policy=now.policy, now=now.at, behind=behind)
    return case


async def reassign(session: AsyncSession, id: UUID, actor: Actor, now: Now, *, to: UUID, reason: str) -> Case:
    """The head gives the case to another worker, who has to sign for it."""
    case = await held(session, id)
    if case.waiting == Waiting.HEAD_DECIDES:
        raise HeadDecidesFirst
    if case.worker == to:
        raise SameWorker(field="worker")
    moved(CaseState(case.state), Move.REASSIGN)
    await check_available(session, to, now.day)
    await lapse_transfer(session, case, actor, now)
    await move_to(
        session,
        case,
        Trigger.REASSIGNED,
        policy=now.policy,
        now=now.at,
        named=to,
        decided_by=actor.subject,
        note=reason,
    )
    await drain(session, policy=now.policy, now=now.at)
    return case
