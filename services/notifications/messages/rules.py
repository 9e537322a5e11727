"""The life of a message: its states, the moves between them, and when it is tried again.

`created` → `sending` → `delivered` | `temporary_failure` | `permanent_failure` | `technical_failure`; `expired` when
three days pass first (DOMAIN, Message). A final state stays: no move leads out of it.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from shared.refusals import IllegalMove


class State(StrEnum):
    CREATED = "created"
    SENDING = "sending"
    """Given to its channel; for an SMS also while the network's receipt is awaited."""
    DELIVERED = "delivered"
    TEMPORARY_FAILURE = "temporary_failure"
    """The channel said "not now"; it is tried again."""
    PERMANENT_FAILURE = "permanent_failure"
    """It will never reach this recipient: no such number, no such mailbox."""
    TECHNICAL_FAILURE = "technical_failure"
    """Our side is at fault (account, template, signature), or every retry was used up."""
    EXPIRED = "expired"
    """Three days went by; the news is old."""


class Move(StrEnum):
    BEGIN = "begin"
    """An attempt starts. From `sending` too: a sender died with the message in its hands, and its lease ran out."""
    DELIVER = "deliver"
    FAIL_TEMPORARILY = "fail_temporarily"
    FAIL_PERMANENTLY = "fail_permanently"
    FAIL_TECHNICALLY = "fail_technically"
    EXPIRE = "expire"


class Channel(StrEnum):
    SMS = "sms"
    MAIL = "mail"
    INAPP = "inapp"
    WEBHOOK = "webhook"
    """To portals only; a delivery has a table and a schedule of its own (`webhooks`)."""


_OPEN = (State.CREATED, State.SENDING, State.TEMPORARY_FAILURE)

MOVES: Mapping[Move, Mapping[State, State]] = MappingProxyType(
    {
        Move.BEGIN: dict.fromkeys(_OPEN, State.SENDING),
        # From `temporary_failure` as well: a receipt says that an attempt whose answer we never got did arrive.
        Move.DELIVER: dict.fromkeys((State.SENDING, State.TEMPORARY_FAILURE), State.DELIVERED),
        Move.FAIL_TEMPORARILY: {State.SENDING: State.TEMPORARY_FAILURE},
        # From `created` as well: a recipient who was erased, or whom nobody knows, is never tried.
        Move.FAIL_PERMANENTLY: dict.fromkeys(_OPEN, State.PERMANENT_FAILURE),
        Move.FAIL_TECHNICALLY: dict.fromkeys(_OPEN, State.TECHNICAL_FAILURE),
        Move.EXPIRE: dict.fromkeys(_OPEN, State.EXPIRED),
    }
)

FINAL = frozenset(State) - frozenset(_OPEN)

EXPIRY = timedelta(days=3)
"""From the time of the event that the message tells of, not from its creation: a replay tells no old news."""

MOST_RETRIES = 48
RETRY_STEP = timedelta(minutes=5)


def moved(state: State, move: Move) -> State:
    """The state after a move. Raises IllegalMove, which names the states that the move starts from."""
    after = MOVES[move].get(state)
    if after is None:
        allowed = ", ".join(sorted(MOVES[move]))
        raise IllegalMove(noun="message", state=state, move=move, allowed=allowed)
    return after


def starts(move: Move) -> list[str]:
    """The states that a move starts from: what a set-based UPDATE filters on."""
    return sorted(MOVES[move])


def retry_after(attempts: int) -> timedelta | None:
    """How long to wait after so many failed attempts: the first retry at once, the others every five minutes.

    None once the 48 retries are used up (the first attempt is not a retry).
    """
    if attempts > MOST_RETRIES:
        return None
    return timedelta(0) if attempts <= 1 else RETRY_STEP
