"""Writing decisions down: story, decision, load and event of each, set-based, in the transaction of the change."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.assignments.rules import Decision, Trigger, Verdict
from services.casework.assignments.storing import Rows, store
from services.casework.cases.rules import CaseState
from services.casework.policies.rules import AssignmentPolicy
from services.casework.workers import loads
from shared.contracts.base import Event
from shared.contracts.casework import CaseTransferred, WorkerAssigned, WorkerReassigned
from shared.database import new_id
from shared.messaging.envelope import Envelope
from shared.messaging.outbox import record_each

POLICY = "policy"
"""Who decided, where no person did."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A decision, and what its event needs beside it."""

    decision: Decision
    trigger: Trigger
    resident: UUID
    due: datetime
    round: int
    """After the decision."""
    state: CaseState = CaseState.OPEN
    """Of the case, after the decision."""
    previous: UUID | None = None
    """Who had the case until now: then it is a reassignment or a transfer."""
    decided_by: str = POLICY
    note: str | None = None
    """The head's reason (code)."""
    cause: Envelope | None = None
    """The event that made the decision necessary; None: the one being handled, if any."""


async def write(
    session: AsyncSession,
    placed: Sequence[Placed],
    *,
    policy: AssignmentPolicy,
    now: datetime,
    cases: Rows = (),
    entries: Rows = (),
) -> None:
    """All of it for decisions, the latest last. The tenant's lock is held.

    `cases` and `entries` are rows of cases that begin with their decision, and of the lines that come before it.
    """
    if not placed:
        return
    changes: dict[UUID, loads.Change] = defaultdict(loads.Change)
    for each in placed:
        if each.decision.worker is not None:
            changes[each.decision.worker] += loads.Change(each.decision.need.effort, 1, each.decision.turn)
            if each.previous is not None:
                changes[each.previous] += loads.Change(-each.decision.need.effort, -1)
    after = await store(
        session,
        cases=cases,
        entries=[*entries, *(entry(each, now) for each in placed)],
        decisions=[_row(each, policy, now) for each in placed],
        changes=[
            {"id": id, "minutes": one.minutes, "cases": one.cases, "turn": one.turn}
            for id, one in changes.items()
        ],
    )
    await _publish(session, placed, policy, now)
    await loads.note_crossings(session, after, policy=policy)


def entry(placed: Placed, now: datetime) -> dict[str, Any]:
    """The line of the case's story."""
    decision = placed.decision
    detail: dict[str, Any] = {"trigger": placed.trigger.value, "reasons": [*decision.reasons]}
    if decision.waiting is not None:
        detail["waiting"] = decision.waiting.value
    if placed.note is not None:
        detail["note"] = placed.note
    if placed.previous is not None:
        detail["previous"] = str(placed.previous)
    if decision.worker is None:
        what = "waiting"
    elif placed.trigger is Trigger.TRANSFERRED:
        what = "transfer_accepted"
    else:
        what = "assigned" if placed.previous is None else "reassigned"
    return {
        "case": decision.need.request,
        "at": now,
        "what": what,
        "state": placed.state.value,
        "worker": decision.worker,
        "actor": placed.decided_by,
        "detail": detail,
    }


def _row(placed: Placed, policy: AssignmentPolicy, now: datetime) -> dict[str, Any]:
    decision, need = placed.decision, placed.decision.need
    return {
        "id": new_id(),
        "case": need.request,
        "round": placed.round,
        "at": now,
        "trigger": placed.trigger.value,
        "worker": decision.worker,
        "waiting": None if decision.waiting is None else decision.waiting.value,
        "reasons": [reason.value for reason in decision.reasons],
        "candidates": [_candidate(verdict) for verdict in decision.verdicts],
        "category": need.category,
        "grid_owner": need.grid_owner,
        "effort_minutes": need.effort,
        "load_before": decision.load_before,
        "load_after": decision.load_after,
        "tolerance_minutes": policy.tolerance,
        "cap_factor": policy.cap_factor,
        "policy": policy.version,
        "decided_by": placed.decided_by,
        "skill_gap": decision.skill_gap,
    }


def _candidate(verdict: Verdict) -> dict[str, Any]:
    return {
        "worker": str(verdict.worker),
        "load": verdict.load,
        "weekly": verdict.weekly_minutes,
        "out": None if verdict.ruled_out is None else verdict.ruled_out.value,
    }


async def _publish(
    session: AsyncSession, placed: Sequence[Placed], policy: AssignmentPolicy, now: datetime
) -> None:
    events = ((_event(each, policy), each.cause) for each in placed)
    await record_each(session, [(event, cause) for event, cause in events if event is not None], at=now)


def _event(placed: Placed, policy: AssignmentPolicy) -> Event | None:
    decision = placed.decision
    if decision.worker is None:
        return None
    reasons = tuple(reason.value for reason in decision.reasons)
    if placed.previous is not None and placed.trigger is Trigger.TRANSFERRED:
        return CaseTransferred(
            request=decision.need.request,
            worker=decision.worker,
            previous=placed.previous,
            resident=placed.resident,
        )
    if placed.previous is not None:
        return WorkerReassigned(
            request=decision.need.request,
            worker=decision.worker,
            previous=placed.previous,
            resident=placed.resident,
            reasons=reasons if placed.note is None else (*reasons, placed.note),
            load_before=decision.load_before,
            load_after=decision.load_after,
            due=placed.due,
        )
    return WorkerAssigned(
        request=decision.need.request,
        worker=decision.worker,
        resident=placed.resident,
        reasons=reasons,
        candidates=len(decision.roster),
        load_before=decision.load_before,
        load_after=decision.load_after,
        policy=policy.version,
        round=placed.round,
        due=placed.due,
    )
