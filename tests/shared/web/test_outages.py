"""A database that cannot be reached is an outage, in whatever words its absence is put; a fault of ours is none."""

import socket

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.web.outages import is_outage

OUTAGES: list[tuple[Exception, str]] = [
    (ConnectionRefusedError(111, "refused"), "nobody listens"),
    (TimeoutError(), "frozen: it takes connections and does not answer"),
    (socket.gaierror(-3, "no answer"), "its name is not known just now"),
    (OSError("Multiple exceptions: …"), "nobody listens at any address of the name"),
    (asyncpg.ConnectionDoesNotExistError(), "the connection broke"),
    (asyncpg.DiskFullError(), "no room"),
    (asyncpg.CannotConnectNowError(), "starting up"),
    (asyncpg.AdminShutdownError(), "shutting down"),
    (PoolTimeout(), "every connection is in use"),
    (DBAPIError("SELECT", {}, Exception(), connection_invalidated=True), "a connection of the pool broke"),
]
FAULTS: list[tuple[Exception, str]] = [
    (FileNotFoundError(2, "no such file"), "ours"),
    (ValueError(), "ours"),
    (asyncpg.UniqueViolationError(), "ours"),
    (DBAPIError("SELECT", {}, Exception()), "ours"),
]


@pytest.mark.parametrize(("error", "why"), OUTAGES)
def test_it_may_succeed_a_little_later(error: Exception, why: str) -> None:
    assert is_outage(error), why


@pytest.mark.parametrize(("error", "why"), FAULTS)
def test_it_will_fail_again(error: Exception, why: str) -> None:
    assert not is_outage(error), why
