"""Following casework: what its events change here. Whole batches, each in a few statements.

An event that no longer fits is written into the story and changes nothing: the request may have been withdrawn while
the worker signed for it, and that is nobody's fault.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.requests import deciding, queries
from services.intake.requests.actions.changing import apply
from services.intake.requests.deciding import Decision, Situation
from services.intake.requests.limits import Limits
from shared.contracts import casework
from shared.messaging.culprits import each
from shared.messaging.envelope import Envelope, Received
from shared.refusals import IllegalMove

log = logging.getLogger(__name__)

CASEWORK = Actor("service", "casework")
"""Who is written into the story for what follows from casework's events."""

CaseEvent = (
    casework.WorkerAssigned
    | casework.WorkerReassigned
    | casework.CaseAccepted
    | casework.CaseReturned
    | casework.CaseSubmitted
    | casework.CaseTransferred
)
E = TypeVar("E", bound=CaseEvent)
Decide = Callable[[Situation, Received[E], Limits], Decision]


def on_assigned(it: Situation, event: Received[casework.WorkerAssigned], limits: Limits) -> Decision:
    return deciding.assigned(it, event.time, CASEWORK, limits, worker=event.data.worker)


def on_reassigned(it: Situation, event: Received[casework.WorkerReassigned], limits: Limits) -> Decision:
    return deciding.reassigned(it, event.time, CASEWORK, limits, worker=event.data.worker)


def on_accepted(it: Situation, event: Received[casework.CaseAccepted], _: Limits) -> Decision:
    case = event.data
    return deciding.started(it, event.time, CASEWORK, worker=case.worker, within_limit=case.within_limit)


def on_returned(it: Situation, event: Received[casework.CaseReturned], limits: Limits) -> Decision:
    case = event.data
    return deciding.returned(it, event.time, CASEWORK, limits, reason=case.reason, returns=case.returns)


def on_submitted(it: Situation, event: Received[casework.CaseSubmitted], limits: Limits) -> Decision:
    case = event.data
    return deciding.submitted(
        it, event.time, CASEWORK, limits, worker=case.worker, result=case.result, effort=case.effort
    )


def on_transferred(it: Situation, event: Received[casework.CaseTransferred], _: Limits) -> Decision:
    return deciding.transferred(it, event.time, CASEWORK, worker=event.data.worker)


async def follow(
    session: AsyncSession, events: Sequence[Received[E]], decide: Decide[E], limits: Limits
) -> None:
    """Apply events of one tenant, each about another request."""
    found = await queries.lock_several(session, [event.data.request for event in events])

    def decided(event: Received[E]) -> tuple[Decision, Envelope] | None:
        it = found.get(event.data.request)
        if it is None:
            log.warning("case_of_unknown_request", extra={"event": str(event.id)})
            return None
        try:
            decision = decide(it, event, limits)
        except IllegalMove:
            decision = deciding.late(it, event.time, CASEWORK, event=event.data.type)
        return decision, event.envelope

    made = [one for one in each(events, decided) if one is not None]
    await apply(session, [decision for decision, _ in made], causes=[cause for _, cause in made])
