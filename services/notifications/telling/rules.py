"""Who is told what: for each event the recipients, the template, and the facts that its words are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from shared.contracts.notifications import RecipientKind


class To(StrEnum):
    RESIDENT = "resident"
    """The event's `resident`."""
    WORKER = "worker"
    """The event's `worker`."""
    PREVIOUS = "previous"
    """The event's `previous` worker."""
    HOLDER = "holder"
    """The worker who holds the case now, known from earlier events; nobody where there is none."""
    HEADS = "heads"
    """The heads that the tenant's settings name (`[<tenant>.notifications] heads`)."""


@dataclass(frozen=True, slots=True)
class Telling:
    template: str
    to: To
    facts: Mapping[str, str] = field(default_factory=dict)
    """Fact of the message ← field of the event."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Facts that are always the same."""
    about_request: bool = True
    """The event's subject is a request: reference, category, urgency and due are known of it."""
    first_returns_only: bool = False
    """Only while the case has been returned once; from the second return on the head decides."""
    later_returns_only: bool = False
    only_if: str | None = None
    """A flag of the event that has to be set."""

    @property
    def recipient_kind(self) -> RecipientKind:
        return RecipientKind.RESIDENT if self.to is To.RESIDENT else RecipientKind.WORKER

    def applies(self, data: Mapping[str, object]) -> bool:
        """`data` is the event's data, as JSON."""
        if self.only_if is not None and not data[self.only_if]:
            return False
        if self.first_returns_only or self.later_returns_only:
            return (int(str(data["returns"])) >= HEAD_DECIDES_FROM) == self.later_returns_only
        return True


HEAD_DECIDES_FROM = 2
"""Returns from which on the head decides (DOMAIN, Request)."""

REQUEST_FACTS = frozenset({"reference", "category", "urgency", "due", "due_provisional"})
"""What is kept of every request from `request.filed`."""

_DUE = {"due": "due"}
_ASSIGNED = {"due": "due", "assignment_reasons": "reasons"}
_RECLASSIFIED = {
    "category": "category",
    "urgency": "urgency",
    "due": "due",
    "due_provisional": "due_provisional",
    "reclassify_reason": "reason",
}
_MATCH = {fact: fact for fact in ("occupation", "score", "met", "unmet", "missing_skills", "training")}


def _stopped(cause: str) -> Telling:
    return Telling("case.stopped", To.HOLDER, fixed={"stop_cause": cause})


TELLINGS: Mapping[str, tuple[Telling, ...]] = MappingProxyType(
    {
        "request.filed": (
            Telling("request.filed", To.RESIDENT, {**_DUE, "due_provisional": "due_provisional"}),
        ),
        # Nobody: an assignment follows at once and says more.
        "request.accepted": (),
        "request.rejected": (
            Telling("request.rejected", To.RESIDENT, {"rejection_reason": "reason"}),
            _stopped("rejected"),
        ),
        "request.duplicated": (
            Telling("request.duplicated", To.RESIDENT, {"duplicate_of": "duplicate_of"}),
            _stopped("duplicated"),
        ),
        "request.withdrawn": (Telling("request.withdrawn", To.RESIDENT), _stopped("withdrawn")),
        "request.reworked": (
            Telling("request.reworked", To.RESIDENT, {"rework_reason": "reason"}),
            Telling("case.reworked", To.HOLDER, {"rework_reason": "reason", "round": "round"}),
        ),
        "request.closed": (Telling("request.closed", To.RESIDENT, {"outcome": "outcome"}),),
        "request.reopened": (
            Telling("request.reopened", To.RESIDENT, _DUE),
            Telling("case.reopened", To.HOLDER, {**_DUE, "reopen_reason": "reason"}),
        ),
        "request.reclassified": (
            Telling("request.reclassified", To.RESIDENT, _RECLASSIFIED, only_if="due_changed"),
            Telling("case.reclassified", To.HOLDER, _RECLASSIFIED),
        ),
        "worker.assigned": (
            Telling("request.assigned", To.RESIDENT, _DUE),
            Telling("case.assigned", To.WORKER, _ASSIGNED),
        ),
        "worker.reassigned": (
            Telling("request.reassigned", To.RESIDENT, _DUE),
            Telling("case.assigned", To.WORKER, _ASSIGNED),
            Telling("case.handed_on", To.PREVIOUS),
        ),
        "case.accepted": (Telling("request.started", To.RESIDENT),),
        "case.returned": (
            Telling("request.returned", To.RESIDENT, first_returns_only=True),
            Telling(
                "case.needs_decision",
                To.HEADS,
                {"returns": "returns", "return_reason": "reason"},
                later_returns_only=True,
            ),
        ),
        "case.submitted": (Telling("request.handled", To.RESIDENT, {"case_result": "result"}),),
        # The new owner accepted the offer, and so knows.
        "case.transferred": (
            Telling("request.reassigned", To.RESIDENT),
            Telling("case.handed_on", To.PREVIOUS),
        ),
        "worker.overloaded": (
            Telling("worker.overloaded", To.WORKER, {"load": "load", "cap": "cap"}, about_request=False),
            Telling("worker.overload_report", To.HEADS, {"load": "load", "cap": "cap"}, about_request=False),
        ),
        "seeker.registered": (
            Telling("seeker.registered", To.RESIDENT, {"occupations": "occupations"}, about_request=False),
        ),
        "job.matched": (Telling("job.matched", To.RESIDENT, _MATCH, about_request=False),),
    }
)

HOLDER_AFTER: Mapping[str, str | None] = MappingProxyType(
    {
        "worker.assigned": "worker",
        "worker.reassigned": "worker",
        "case.transferred": "worker",
        "case.returned": None,
    }
)
"""Events that say who holds a case from then on: the field with the worker, or none for nobody."""


RECLASSIFIES = "request.reclassified"
"""The event that says a new category, urgency and time limit of a request."""

MOVES_DUE = frozenset({"request.accepted", "request.reopened"})
"""Events that say a new time limit of a request."""


def facts_by_template() -> dict[str, frozenset[str]]:
    """The facts that every message of a template has, whichever event it comes from: for the check at start."""
    facts: dict[str, frozenset[str]] = {}
    for telling in (each for tellings in TELLINGS.values() for each in tellings):
        given = frozenset(telling.facts) | frozenset(telling.fixed)
        if telling.about_request:
            given |= REQUEST_FACTS
        if "duplicate_of" in given:
            given |= {"duplicate_reference"}
        facts[telling.template] = facts.get(telling.template, given) & given
    return facts
