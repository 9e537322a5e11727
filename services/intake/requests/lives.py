"""A life in the columns of its table, and back."""

from typing import Any

from services.intake.requests.limits import Limit, LimitKind
from services.intake.requests.rules import OPEN_TO_HANDLE, Life, Rating, State
from services.intake.requests.tables import Request
from shared.contracts.intake import Outcome


def life_of(row: Request) -> Life:
    step = None
    if row.step is not None and row.step_started is not None and row.step_due is not None:
        step = Limit(LimitKind(row.step), row.step_started, row.step_due, bool(row.step_provisional))
    rating = None
    if row.responded is not None:
        rating = Rating(
            responded=row.responded,
            resolved=bool(row.resolved),
            satisfied=bool(row.satisfied),
            excluded=bool(row.excluded),
            reason=row.exclusion_reason,
        )
    return Life(
        state=State(row.state),
        handle=Limit(LimitKind.HANDLE, row.handle_started, row.handle_due, row.handle_provisional),
        step=step,
        version=row.version,
        history=row.history,
        supervised=row.supervised,
        supervision_reason=row.supervision_reason,
        handle_overdue=row.handle_overdue,
        step_overdue=row.step_overdue,
        accepted=row.accepted,
        dispatched=row.dispatched,
        handled=row.handled,
        closed=row.closed,
        worker=row.worker,
        returns=row.returns,
        head_decides=row.head_decides,
        reworks=row.reworks,
        reopenings=row.reopenings,
        reason=row.reason,
        duplicate_of=row.duplicate_of,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        within_limit=row.within_limit,
        working_minutes=row.working_minutes,
        rating=rating,
    )


def columns_of(life: Life) -> dict[str, Any]:
    """All columns that a life fills, `history` included."""
    step, rating = life.step, life.rating
    return {
        "history": life.history,
        "version": life.version,
        "state": life.state.value,
        "handle_started": life.handle.started,
        "handle_due": life.handle.due,
        "handle_provisional": life.handle.provisional,
        "handle_open": not life.history and life.state in OPEN_TO_HANDLE,
        "supervised": life.supervised,
        "supervision_reason": life.supervision_reason,
        "handle_overdue": life.handle_overdue,
        "step": None if step is None else step.kind.value,
        "step_started": None if step is None else step.started,
        "step_due": None if step is None else step.due,
        "step_provisional": None if step is None else step.provisional,
        "step_overdue": life.step_overdue,
        "accepted": life.accepted,
        "dispatched": life.dispatched,
        "handled": life.handled,
        "closed": life.closed,
        "worker": life.worker,
        "returns": life.returns,
        "head_decides": life.head_decides,
        "reworks": life.reworks,
        "reopenings": life.reopenings,
        "reason": life.reason,
        "duplicate_of": life.duplicate_of,
        "outcome": None if life.outcome is None else life.outcome.value,
        "within_limit": life.within_limit,
        "working_minutes": life.working_minutes,
        "responded": None if rating is None else rating.responded,
        "resolved": None if rating is None else rating.resolved,
        "satisfied": None if rating is None else rating.satisfied,
        "excluded": None if rating is None else rating.excluded,
        "exclusion_reason": None if rating is None else rating.reason,
    }
