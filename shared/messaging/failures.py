"""What can go wrong with an event, in the three ways that matter: it passes, it is counted, it is final.

A passing fault (`Retry`, a database or log that is away) costs the whole batch another try and nobody anything else.
Any other error of a handler is an attempt of that one event. What no further attempt can change is a dead letter at
once.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

import asyncpg
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.messaging.log import LogUnavailable

ERROR_LENGTH = 500
"""Characters kept of an error's text."""


class Retry(Exception):
    """Raised by a handler for a fault that will pass: another service is away, a lock was not to be had."""


class Poisoned(Exception):
    """Raised by a handler of lists: these of its events failed, each for its own reason; `each` raises it for you.

    What the handler has written is taken back, and it gets its list again without them. Unless the handler is `sure`,
    they are tried once more by themselves before anything is held against them: a wrong name costs an event nothing.
    """

    def __init__(self, culprits: Mapping[UUID, Exception], *, sure: bool = False) -> None:
        """`culprits` by the ids of their events, as in `Received.id`. `sure`: it had only that one in hand."""
        super().__init__(f"{len(culprits)} events failed")
        self.culprits = culprits
        self.sure = sure


class DeadLetterReason(StrEnum):
    """Why an event is a dead letter. Closed: part of the contract with operators."""

    MALFORMED = "malformed"
    """No readable envelope. Blocks nobody."""
    INVALID = "invalid"
    """The data does not fit its contract."""
    UNKNOWN_TENANT = "unknown_tenant"
    TOO_LARGE = "too_large"
    """More data than an event may carry."""
    GAP = "gap"
    """Events before this one never came, though their owner was asked for them."""
    HANDLER_FAILED = "handler_failed"
    """Every attempt failed."""


class HeldState(StrEnum):
    """Where a held event stands. The first held event of a stream may be any; those behind it wait."""

    RETRYING = "retrying"
    DEAD = "dead"
    WAITING = "waiting"


class Rejected(Exception):
    """An event that no attempt can change: a dead letter at once."""

    def __init__(self, reason: DeadLetterReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


# Retryable by their nature: serialization and deadlock, connections, shortage, operator's shutdown, a lock not had.
_PASSING_SQLSTATES = ("40", "08", "53", "57P", "55P03")


def passing(error: BaseException) -> bool:
    """Whether the same thing may succeed a moment later, with nothing changed by anybody."""
    if isinstance(error, Retry | LogUnavailable | ConnectionError | TimeoutError | PoolTimeout):
        return True
    if isinstance(error, Poisoned):
        return any(passing(one) for one in error.culprits.values())
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        if state is not None:
            return str(state).startswith(_PASSING_SQLSTATES)
        faults = isinstance(error, OperationalError | InterfaceError) and _of_connection(error.orig)
        return error.connection_invalidated or faults
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(_PASSING_SQLSTATES)
    return isinstance(error, asyncpg.InterfaceError) and _of_connection(error)


def _of_connection(error: object) -> bool:
    """Of a driver's InterfaceError, which has no code. The others are of arguments, and say so: more than a statement
    may have, or one that is missing. No other try changes that.
    """
    return "argument" not in str(error)


_QUOTED = re.compile(
    # A quote that is not closed was cut: asyncpg keeps forty characters of a value.
    r"""'[^']*(?:'|$)|"[^"]*(?:"|$)|“[^”]*”|‘[^’]*’|「[^」]*」|《[^》]*》|=\s*\([^)]*\)"""
    # Errors are written in English: what is in Chinese was somebody's.
    "|[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+"
)
_DIGITS = re.compile(r"\d+")


def describe(error: BaseException) -> str:
    """The error in at most 500 characters, without anything that may be somebody's data.

    Only the first line, since libraries quote values in the others; quoted text becomes `…` and numbers become `#`.
    """
    if isinstance(error, ValidationError):
        places = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'data'}: {problem['type']}"
            for problem in error.errors(include_input=False, include_url=False, include_context=False)
        )
        return f"{error.error_count()} errors: {places}"[:ERROR_LENGTH]
    if isinstance(error, DBAPIError) and error.orig is not None:
        # SQLAlchemy's own text carries the parameters, asyncpg's the DETAIL; the original's first line has neither.
        error = error.orig.__cause__ or error.orig
    lines = str(error).strip().splitlines()
    return redacted(f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__)


def redacted(text: str) -> str:
    return _DIGITS.sub("#", _QUOTED.sub("…", text))[:ERROR_LENGTH]
