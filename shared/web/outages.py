"""Telling a database that is away, full or too busy from a fault in our own code."""

import socket

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_AWAY: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,
    asyncpg.InternalClientError,
    ConnectionError,
    TimeoutError,  # it takes connections, and does not answer them: frozen, or behind a network that swallows
    socket.gaierror,
)


def is_outage(error: BaseException) -> bool:
    """Whether the same call may well succeed a little later."""
    # Bare where a name has several addresses, and nobody answers at any.
    if isinstance(error, (PoolTimeout, *_AWAY)) or type(error) is OSError:
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    # SQLAlchemy wraps asyncpg's exception in its adapter's, which has it as its cause.
    cause = error.orig.__cause__ if error.orig is not None else None
    return isinstance(cause, _AWAY)


__all__ = ["is_outage"]
