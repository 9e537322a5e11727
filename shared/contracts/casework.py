"""What casework publishes: who does what, who is there, and which grid covers which place."""

from enum import StrEnum

from shared.contracts.base import (
    Code,
    Count,
    Day,
    Event,
    Flag,
    Minutes,
    Moment,
    Owner,
    PersonalId,
    PlaceName,
    ThingId,
)


class GridKind(StrEnum):
    AREA = "area"
    """地缘型: streets and the land between them."""
    UNIT = "unit"
    """单位型: an institution, a school, a market."""
    BUILDING = "building"
    """单元型: residential buildings."""


class _AssignmentEvent(Event):
    owner = Owner.CASEWORK
    aggregate = "request"

    request: PersonalId
    """The request; a case has the id of its request, so all that happens to it is one stream."""


class WorkerAssigned(_AssignmentEvent):
    """A worker was given a request, and why. Implies that the request is dispatched (派遣)."""

    type = "worker.assigned"
    consumers = ("intake", "notifications")

    worker: PersonalId
    resident: PersonalId
    reasons: tuple[Code, ...]
    """Why this worker, in the order of weight: `least_loaded`, `grid_owner`, `skill_match`, `over_cap` …"""
    candidates: Count
    """How many were considered before any was ruled out."""
    load_before: Minutes
    load_after: Minutes
    policy: Code
    """Version of the assignment policy that decided."""
    round: Count = 1
    """1 for the first assignment, one more for each that follows a return."""
    due: Moment


class WorkerReassigned(_AssignmentEvent):
    """A request went from one worker to another by the head's decision or for an absence."""

    type = "worker.reassigned"
    consumers = ("intake", "notifications")

    worker: PersonalId
    previous: PersonalId
    resident: PersonalId
    reasons: tuple[Code, ...]
    load_before: Minutes
    load_after: Minutes
    due: Moment


class CaseAccepted(_AssignmentEvent):
    """The worker signed for the case (签收) and works on it."""

    type = "case.accepted"
    consumers = ("intake", "notifications")

    worker: PersonalId
    resident: PersonalId
    within_limit: Flag


class CaseReturned(_AssignmentEvent):
    """The worker gave the case back (退单), for a reason of a closed list."""

    type = "case.returned"
    consumers = ("intake", "notifications")

    worker: PersonalId
    resident: PersonalId
    reason: Code
    returns: Count
    """How often it has been returned, this time included; from 2 on the head decides."""


class CaseSubmitted(_AssignmentEvent):
    """The worker handled the case and asks for the check (核查)."""

    type = "case.submitted"
    consumers = ("intake", "notifications")

    worker: PersonalId
    resident: PersonalId
    result: Code
    effort: Minutes


class CaseTransferred(_AssignmentEvent):
    """A case changed its owner: the new one accepted the offer."""

    type = "case.transferred"
    consumers = ("intake", "notifications")

    worker: PersonalId
    previous: PersonalId
    resident: PersonalId


class WorkerOverloaded(Event):
    """A worker's open work passed the cap, since nobody below it could take more."""

    type = "worker.overloaded"
    owner = Owner.CASEWORK
    aggregate = "worker"
    consumers = ("notifications",)

    worker: PersonalId
    load: Minutes
    cap: Minutes


class WorkerAbsent(Event):
    """A worker is away on these days (both included) and is assigned nothing."""

    type = "worker.absent"
    owner = Owner.CASEWORK
    aggregate = "worker"

    worker: PersonalId
    first_day: Day
    last_day: Day
    reason: Code


class GridChanged(Event):
    """A grid was defined or changed: its owner, and the places that it covers (the whole list, every time)."""

    type = "grid.changed"
    owner = Owner.CASEWORK
    aggregate = "grid"
    consumers = ("intake",)

    grid: ThingId
    kind: GridKind
    code: Code
    grid_owner: PersonalId
    """The one named worker who is responsible (分片包干实名制)."""
    places: tuple[PlaceName, ...]
    catch_all: Flag = False
    """The grid of the community to which an address belongs that no other grid covers."""
    retired: Flag = False
