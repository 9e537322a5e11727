"""Connections to the log's database, and which of their failures pass."""

import asyncpg

CHANNEL = "event_log"
"""Notices are `topic:<name>` (records came) and `group:<name>` (partitions change hands)."""

PASSING = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,  # asyncpg's word for a connection that is gone
    asyncpg.InternalClientError,  # the same, between the server's last word and the end of the connection
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, terminated by an administrator
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
)

COMMAND_SECONDS = 30.0
"""Statements take milliseconds; one that takes this long waits for a server that is gone without a word."""
_CONNECT_SECONDS = 10.0


async def connect(url: str) -> asyncpg.Connection:
    """A session for a member or a tail. Losing its last commits in a crash only means reading records again."""
    return await asyncpg.connect(
        url,
        timeout=_CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
        server_settings={"synchronous_commit": "off", "application_name": "longxi event log"},
    )
