"""What became of one attempt: exactly one of three."""

import re
from dataclasses import dataclass

from services.notifications.messages.rules import Move

_NOT_A_CODE = re.compile(r"[^a-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Delivered:
    """The recipient's side took it."""

    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it; a receipt will say whether it arrived."""

    reference: str
    """The provider's name for it, which the receipt carries."""


@dataclass(frozen=True, slots=True)
class Failed:
    move: Move
    """FAIL_TEMPORARILY, FAIL_PERMANENTLY or FAIL_TECHNICALLY."""
    reason: str
    """A code of at most 48 characters."""


Outcome = Delivered | Accepted | Failed


def code_of(text: str) -> str:
    """A provider's code as one of ours: lower case, at most 48 characters, nothing that could be a sentence."""
    code = _NOT_A_CODE.sub("_", text.lower()).strip("_.-")[:48]
    return code or "unknown"


def temporary(reason: str) -> Failed:
    return Failed(Move.FAIL_TEMPORARILY, code_of(reason))


def permanent(reason: str) -> Failed:
    return Failed(Move.FAIL_PERMANENTLY, code_of(reason))


def technical(reason: str) -> Failed:
    return Failed(Move.FAIL_TECHNICALLY, code_of(reason))
