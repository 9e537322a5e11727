"""What became of one attempt: exactly one of three."""

import re
from dataclasses import dataclass

from services.notifications.messages.rules import Move

_CODE = re.compile(r"[a-z0-9][a-z0-9_.:/-]*")
_NOT_OURS = re.compile(r"[:/]+")
_NUMBER_OF_SOMEBODY = re.compile(r"\d{5,}|\d[\d_.-]{8,}\d")
"""No provider's code has five digits in a row; a telephone number has, and an ID number."""


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
    """A provider's code as one of ours: lower case, at most 48 characters, nothing that could be a sentence.

    A provider that quotes what it was given, `isv.MOBILE_NUMBER_ILLEGAL 19900001234` or the address of a mailbox, must
    not have it stored and published: what is no bare code is `unknown`.
    """
    word = text.lower().split(maxsplit=1)[0] if text.strip() else ""
    if not _CODE.fullmatch(word):
        return "unknown"
    kept = _NUMBER_OF_SOMEBODY.sub("", _NOT_OURS.sub("_", word))
    return kept.strip("_.-")[:48].strip("_.-") or "unknown"


def temporary(reason: str) -> Failed:
    return Failed(Move.FAIL_TEMPORARILY, code_of(reason))


def permanent(reason: str) -> Failed:
    return Failed(Move.FAIL_PERMANENTLY, code_of(reason))


def technical(reason: str) -> Failed:
    return Failed(Move.FAIL_TECHNICALLY, code_of(reason))
