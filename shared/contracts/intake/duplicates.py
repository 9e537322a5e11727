"""Requests that share another one's case (并案), and those that leave it."""

from shared.contracts.base import Code, Flag, Moment, PersonalId
from shared.contracts.intake.requests import Outcome, _RequestEvent


class RequestFollowed(_RequestEvent):
    """Something happened to the request that this one was joined to; its resident is told as the other's is."""

    type = "request.followed"
    consumers = ("notifications",)

    resident: PersonalId
    of: PersonalId
    """The request that goes on for both."""
    what: Code
    """The move, a code of `request_entry`."""
    due: Moment
    """When the other one has to be handled, after this."""
    outcome: Outcome | None = None
    """Where it was closed."""
    reason: Code | None = None
    """Where the move has one, of the vocabulary that belongs to it."""


class RequestSeparated(_RequestEvent):
    """A request that was joined to another stands alone again: as filed now, with limits that run from now."""

    type = "request.separated"
    consumers = ("casework", "notifications")

    resident: PersonalId
    of: PersonalId
    due: Moment
    due_provisional: Flag = False
    promoted: Flag = False
    """The other one was withdrawn, and this is the oldest of those that were joined to it: it goes on for them."""
