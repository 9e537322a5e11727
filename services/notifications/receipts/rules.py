"""What a receipt does to a message: moves it, or nothing."""

from dataclasses import dataclass
from enum import StrEnum

from services.notifications.messages.rules import FINAL, Move, State


@dataclass(frozen=True, slots=True)
class Receipt:
    """A network's word on one SMS. The phone that it names is not read."""

    move: Move
    """What its code means, by the provider's table."""
    reason: str
    """The code as one of ours."""
    provider_reference: str


class Ignored(StrEnum):
    """Why a receipt changed nothing; a label of the metric, and in the log."""

    UNKNOWN = "unknown_message"
    FINAL = "final_state"
    STALE = "earlier_attempt"


@dataclass(frozen=True, slots=True)
class Verdict:
    move: Move
    reason: str


def judge(state: State, provider_reference: str | None, receipt: Receipt) -> Verdict | Ignored:
    """`provider_reference` is that of the last attempt, none where its call was never answered.

    A success counts whichever attempt it is of: the person has the message, and another SMS would tell it twice. A
    failure counts only for the attempt that is waiting for it.
    """
    if state in FINAL:
        return Ignored.FINAL
    if receipt.move is Move.DELIVER:
        return Verdict(receipt.move, "delivered")
    of_this_attempt = provider_reference is None or provider_reference == receipt.provider_reference
    if state is not State.SENDING or not of_this_attempt:
        return Ignored.STALE
    return Verdict(receipt.move, receipt.reason)
