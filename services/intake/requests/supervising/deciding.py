"""What marking a request means: the halved limit, the entry of the story, the event. Plain Python, no I/O."""

from datetime import datetime

from services.intake.actor import Actor
from services.intake.requests.deciding import Decision, Entry, Situation
from services.intake.requests.dues import change
from services.intake.requests.limits import Limits
from services.intake.requests.rules import Move
from services.intake.requests.supervising import rules
from shared.contracts.intake import RequestSupervised


def supervise(it: Situation, at: datetime, by: Actor, limits: Limits, *, reason: str) -> Decision:
    """Raises AlreadySupervised, IllegalRequestMove."""
    before, state = it.life.handle, it.life.state
    handle = limits.handling(before.started, it.urgency, supervised=at)
    life = rules.supervise(it.life, at, reason=reason, handle=handle)
    entry = Entry(Move.SUPERVISE.value, at, by, state, state, reason, change(before, handle))
    supervised = RequestSupervised(
        request=it.request,
        resident=it.resident,
        reason=reason,
        due=handle.due,
        due_provisional=handle.provisional,
        due_before=before.due,
    )
    return Decision(it, life, (entry,), (supervised,))
