"""Who is told what: for each event the recipients, the template, and the facts that its words are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from shared.contracts.notifications import RecipientKind


class To(StrEnum):
    RESIDENT = "resident"
    """The event's `resident`."""
    CONTACT = "contact"
    """The event's `contact`: a resident, who may be the guardian of whom it is about."""
    CONTACTS = "contacts"
    """Each of the event's `contacts`."""
    WORKER = "worker"
    """The event's `worker`."""
    PREVIOUS = "previous"
    """The event's `previous` worker."""
    HOLDER = "holder"
    """The worker who holds the case now, known from earlier events; nobody where there is none."""
    HEADS = "heads"
    """The heads that the tenant's settings name (`[<tenant>.notifications] heads`)."""


_RESIDENTS = frozenset({To.RESIDENT, To.CONTACT, To.CONTACTS})


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
    only: Mapping[str, frozenset[object]] = field(default_factory=dict)
    """Field of the event → the values for which this is told."""
    only_if: str | None = None
    """A flag of the event that has to be set."""
    unless: str | None = None
    """A field of the event that has to be empty."""

    @property
    def recipient_kind(self) -> RecipientKind:
        return RecipientKind.RESIDENT if self.to in _RESIDENTS else RecipientKind.WORKER

    def applies(self, data: Mapping[str, object]) -> bool:
        """`data` is the event's data, as JSON."""
        if self.only_if is not None and not data[self.only_if]:
            return False
        if self.unless is not None and data[self.unless]:
            return False
        if any(data[field] not in values for field, values in self.only.items()):
            return False
        if self.first_returns_only or self.later_returns_only:
            return (int(str(data["returns"])) >= HEAD_DECIDES_FROM) == self.later_returns_only
        return True


HEAD_DECIDES_FROM = 2
"""Returns from which on the head decides (DOMAIN, Request)."""

REQUEST_FACTS = frozenset({"reference", "category", "urgency", "due", "due_provisional"})
"""What is kept of every request from `request.filed`."""

_DUE = {"due": "due"}
_LIMIT = {"due": "due", "due_provisional": "due_provisional"}
_FOLLOWED = {"duplicate_of": "of", "progress": "what", "due": "due"}
_TOLD_ON = frozenset(
    {
        *("dispatch", "reassign", "start", "take_over", "return", "submit"),
        *("rework", "reopen", "due_changed", "supervise", "reclassify"),
    }
)
"""What the resident of the other one is told of too, save its end. Not `accept`: an assignment follows at once."""
_HOT_SPOT = {
    "category": "category",
    "hot_place": "place",
    "heat": "heat",
    "requests": "requests",
    "residents": "residents",
    "votes": "votes",
}
_ASSIGNED = {"due": "due", "assignment_reasons": "reasons"}
_RECLASSIFIED = {
    "category": "category",
    "urgency": "urgency",
    "due": "due",
    "due_provisional": "due_provisional",
    "reclassify_reason": "reason",
}
_MATCH = {fact: fact for fact in ("occupation", "score", "met", "unmet", "missing_skills", "training")}


_ACTIVITY = {"activity_kind": "kind", "activity_number": "number", "activity_starts": "starts"}


def _activity(what: str, to: To, **facts: str) -> tuple[Telling, ...]:
    return (Telling(f"activity.{what}", to, {**_ACTIVITY, **facts}, about_request=False),)


_STATEMENT = {fact: fact for fact in ("month", "earned", "spent", "expired", "minutes", "balance")}


def _stopped(cause: str) -> Telling:
    return Telling("case.stopped", To.HOLDER, fixed={"stop_cause": cause})


TELLINGS: Mapping[str, tuple[Telling, ...]] = MappingProxyType(
    {
        "request.filed": (
            Telling("request.filed", To.RESIDENT, _LIMIT, unless="parent"),
            Telling("request.part_filed", To.RESIDENT, _LIMIT, only_if="parent"),
        ),
        # Nobody: an assignment follows at once and says more.
        "request.accepted": (),
        "request.rejected": (
            Telling("request.rejected", To.RESIDENT, {"rejection_reason": "reason"}),
            _stopped("rejected"),
        ),
        "request.duplicated": (
            Telling("request.duplicated", To.RESIDENT, {"duplicate_of": "duplicate_of"}),
            Telling(
                "case.stopped",
                To.HOLDER,
                fixed={"stop_cause": "duplicated"},
                only={"moved": frozenset({False})},
            ),
        ),
        # Whoever was joined to another is told when the other's resident is, and as much.
        "request.followed": (
            Telling("request.followed", To.RESIDENT, _FOLLOWED, only={"what": _TOLD_ON}),
            Telling(
                "request.followed_closed",
                To.RESIDENT,
                {"duplicate_of": "of", "outcome": "outcome"},
                only={"what": frozenset({"close"})},
            ),
            Telling(
                "request.followed_rejected",
                To.RESIDENT,
                {"duplicate_of": "of", "rejection_reason": "reason"},
                only={"what": frozenset({"reject"})},
            ),
        ),
        "request.separated": (
            Telling("request.separated", To.RESIDENT, _DUE, only={"promoted": frozenset({False})}),
            Telling("request.promoted", To.RESIDENT, _DUE, only={"promoted": frozenset({True})}),
        ),
        # Before it is a crisis.
        "hot_spot.announced": (Telling("hot_spot.announced", To.HEADS, _HOT_SPOT, about_request=False),),
        "hot_spot.cooled": (),
        "request.withdrawn": (Telling("request.withdrawn", To.RESIDENT), _stopped("withdrawn")),
        "request.reworked": (
            Telling("request.reworked", To.RESIDENT, {"rework_reason": "reason"}),
            Telling("case.reworked", To.HOLDER, {"rework_reason": "reason", "round": "round"}),
        ),
        "request.closed": (
            Telling("request.closed", To.RESIDENT, {"outcome": "outcome"}, unless="answered"),
            Telling("request.answered", To.RESIDENT, {"outcome": "outcome"}, only_if="answered"),
        ),
        "request.reopened": (
            Telling("request.reopened", To.RESIDENT, _LIMIT),
            Telling("case.reopened", To.HOLDER, {**_LIMIT, "reopen_reason": "reason"}),
        ),
        "request.supervised": (
            Telling("request.supervised", To.RESIDENT, {**_LIMIT, "supervision_reason": "reason"}),
            Telling("case.supervised", To.HOLDER, {**_LIMIT, "supervision_reason": "reason"}),
        ),
        # Workers are told nothing: a notice moves all of a worker's cases at once, and the day shows them.
        "request.due_changed": (
            Telling(
                "request.due_changed",
                To.RESIDENT,
                {**_LIMIT, "due_change_reason": "reason"},
                only_if="due_changed",
            ),
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
        # Only that there is an answer: its words are read in the resident's own record.
        "read_question.answered": (Telling("read_question.answered", To.RESIDENT, about_request=False),),
        "points.expiry_announced": (
            Telling(
                "points.expiring",
                To.RESIDENT,
                {"amount": "amount", "expires": "expires", "balance": "balance"},
                about_request=False,
            ),
        ),
        "points.stated": (Telling("points.statement", To.RESIDENT, _STATEMENT, about_request=False),),
        "seeker.registered": (
            Telling("seeker.registered", To.RESIDENT, {"occupations": "occupations"}, about_request=False),
        ),
        # Nobody: whoever follows sees it on the page, and those who sign up are told.
        "activity.opened": (),
        "activity.joined": _activity("joined", To.CONTACT),
        "activity.waitlisted": _activity("waitlisted", To.CONTACT, position="position"),
        "activity.promoted": _activity("promoted", To.CONTACT, decline_until="decline_until"),
        "activity.rescheduled": _activity(
            "rescheduled", To.CONTACTS, starts_before="starts_before", leave_until="leave_until"
        ),
        "activity.cancelled": _activity("cancelled", To.CONTACTS, activity_cancel_reason="reason"),
        "activity.reminded": _activity("reminded", To.CONTACTS),
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

MOVES_DUE = frozenset(
    {
        "request.accepted",
        "request.reopened",
        "request.supervised",
        "request.due_changed",
        "request.followed",
        "request.separated",
    }
)
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
