"""Connections to the log's database, and which of their failures pass."""

import asyncpg

CHANNEL = "event_log"
"""Notices are `topic:<name>` (records came) and `group:<name>` (partitions change hands)."""

PASSING = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,  # asyncpg's word for a connection that is gone
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, terminated by an administrator
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
)

_CONNECT_SECONDS = 10.0


async def connect(url: str) -> asyncpg.Connection:
    """A session for a member or a tail. Losing its last commits in a crash only means reading records again."""
    return await asyncpg.connect(
        url,
        timeout=_CONNECT_SECONDS,
        server_settings={"synchronous_commit": "off", "application_name": "longxi event log"},
    )
