"""What becomes of a case when its request moves on in intake.

Intake's word is final where the request ends; elsewhere an event that no longer fits the case's state changes nothing
and is noted in the story. A request that is no case (a record of the past) is left alone.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.assignments.actions import PAGE, assign_again, drain, move_to
from services.casework.assignments.rules import Reason, Trigger
from services.casework.cases import queries
from services.casework.cases.moves import (
    INTAKE,
    NewDue,
    Now,
    add_lines,
    lapse_transfer,
    line,
    move,
    note,
    set_due,
)
from services.casework.cases.rules import LOADED, CaseState, Ending, Move, fits
from services.casework.cases.tables import Case
from services.casework.workers import loads
from services.casework.workers.queries import absent_on, worker
from shared.contracts.intake import RequestReclassified


async def dues_told(
    session: AsyncSession, dues: Mapping[UUID, NewDue], now: Now, *, what: str, event: str
) -> None:
    """Intake said when these requests are due: accepted, under supervision, by a new calendar. `what`: a line's code.

    Set-based, since imports and notices come in bulk.
    """
    await loads.lock(session)
    found = await queries.standings(session, list(dues))
    late = {id: at for id, at in found.items() if at.state is CaseState.CLOSED}
    lively = {id: at for id, at in found.items() if id not in late}
    await set_due(session, {id: dues[id] for id in lively})
    lines = [line(id, at, what, now, **_detail(dues[id])) for id, at in lively.items()]
    lines += [line(id, at, "late", now, event=event) for id, at in late.items()]
    await add_lines(session, lines)


async def request_ended(session: AsyncSession, id: UUID, now: Now, *, ending: Ending) -> None:
    """Closed, rejected, joined to another, or withdrawn: nobody has anything left to do."""
    case = await _found(session, id)
    if case is None:
        return
    if not fits(CaseState(case.state), Move.END):
        await _late(session, case, f"request.{ending.value}", now)
        return
    await move(session, case, Move.END, now)
    case.ending, case.ended_at, case.waiting = ending.value, now.at, None
    await lapse_transfer(session, case, INTAKE, now)
    await note(session, case, "ended", INTAKE, now, ending=ending.value)
    await drain(session, policy=now.policy, now=now.at)


async def request_reworked(session: AsyncSession, id: UUID, now: Now, *, reason: str) -> None:
    """The check failed: the worker goes on, or someone else where the worker is away today."""
    case = await _found(session, id)
    if case is None:
        return
    if not fits(CaseState(case.state), Move.REWORK) or case.worker is None:
        await _late(session, case, "request.reworked", now)
        return
    await move(session, case, Move.REWORK, now)
    await note(session, case, "reworked", INTAKE, now, reason=reason)
    if not await _is_there(session, case.worker, now):
        # With nobody else there it stays with its worker, who finds it on the day of return.
        await move_to(session, case, Trigger.REWORKED, policy=now.policy, now=now.at, named=None)


async def request_reopened(
    session: AsyncSession, id: UUID, now: Now, *, reason: str, due: datetime, provisional: bool
) -> None:
    """The resident was not satisfied: the same worker again if there today, otherwise someone else."""
    case = await _found(session, id)
    if case is None:
        return
    if not fits(CaseState(case.state), Move.REOPEN):
        await _late(session, case, "request.reopened", now)
        return
    await _open_again(
        session, case, Trigger.REOPENED, now, due=due, provisional=provisional, line={"reason": reason}
    )


async def request_separated(
    session: AsyncSession, id: UUID, now: Now, *, due: datetime, provisional: bool
) -> None:
    """It was part of another's case and is a case of its own again: with whoever had it before, if there today."""
    case = await _found(session, id)
    if case is None:
        return
    if not fits(CaseState(case.state), Move.REOPEN):
        await _late(session, case, "request.separated", now)
        return
    await _open_again(session, case, Trigger.SEPARATED, now, due=due, provisional=provisional, line={})


async def _open_again(
    session: AsyncSession,
    case: Case,
    trigger: Trigger,
    now: Now,
    *,
    due: datetime,
    provisional: bool,
    line: Mapping[str, Any],
) -> None:
    handled_by, case.worker = case.worker, None
    await move(session, case, Move.REOPEN, now)
    case.due, case.due_provisional, case.returns = due, provisional, 0
    case.ending = case.ended_at = case.submitted_at = case.result = case.spent_minutes = None
    await note(session, case, trigger.value, INTAKE, now, **line)
    behind = await drain(session, policy=now.policy, now=now.at) == PAGE
    await assign_again(
        session,
        case,
        trigger,
        policy=now.policy,
        now=now.at,
        named=handled_by,
        named_as=Reason.SAME_WORKER,
        behind=behind,
    )


async def request_reclassified(session: AsyncSession, data: RequestReclassified, now: Now) -> None:
    """Another category or urgency: the due time follows, and what the case counts as load for its worker."""
    case = await _found(session, data.request)
    if case is None:
        return
    if case.state == CaseState.CLOSED:
        await _late(session, case, "request.reclassified", now)
        return
    effort = now.policy.effort_of(data.category, data.urgency)
    more = effort - case.effort_minutes
    case.category, case.urgency = data.category, data.urgency.value
    case.due, case.due_provisional = data.due, data.due_provisional
    case.effort_minutes = effort
    case.version += 1
    await note(
        session,
        case,
        "reclassified",
        INTAKE,
        now,
        category=data.category,
        urgency=data.urgency.value,
        due=data.due,
        reason=data.reason,
    )
    if case.worker is not None and CaseState(case.state) in LOADED and more:
        await loads.change(session, {case.worker: loads.Change(more)}, policy=now.policy)


async def request_redispatched(session: AsyncSession, id: UUID, now: Now, *, to: UUID | None) -> None:
    """The head decided that the request stays here: with the worker named, or whom the policy chooses."""
    case = await _found(session, id)
    if case is None:
        return
    if not fits(CaseState(case.state), Move.ASSIGN) or case.worker is not None:
        await _late(session, case, "request.redispatched", now)
        return
    case.waiting = None
    await note(session, case, "redispatched", INTAKE, now, to=to)
    await assign_again(session, case, Trigger.REDISPATCHED, policy=now.policy, now=now.at, named=to)


async def resident_erased(session: AsyncSession, resident: UUID, now: Now) -> None:
    """What was said of the resident goes; the work that was done stays."""
    await loads.lock(session)
    for case in await queries.with_wish(session, resident):
        case.wish = None
        case.version += 1
        await note(session, case, "resident_erased", INTAKE, now)


def _detail(due: NewDue) -> dict[str, Any]:
    return {"due": due.at} if due.reason is None else {"due": due.at, "reason": due.reason}


async def _found(session: AsyncSession, id: UUID) -> Case | None:
    await loads.lock(session)
    return await queries.find(session, id, for_update=True)


async def _late(session: AsyncSession, case: Case, event: str, now: Now) -> None:
    await note(session, case, "late", INTAKE, now, event=event)


async def _is_there(session: AsyncSession, id: UUID, now: Now) -> bool:
    return (await worker(session, id)).active and id not in await absent_on(session, now.day)
