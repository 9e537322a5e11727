"""Makes the log's tables and functions, whoever of many processes comes first."""

import hashlib
from pathlib import Path

from asyncpg import Connection

_SCRIPT = (Path(__file__).parent / "schema.sql").read_text()
_VERSION = hashlib.sha256(_SCRIPT.encode()).hexdigest()
_LOCK = 5196_0000


async def ensure_schema(connection: Connection) -> None:
    """Does nothing where this version is there already (its hash is the schema's comment)."""
    if await _version(connection) == _VERSION:
        return
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        if await _version(connection) == _VERSION:
            return
        await connection.execute(_SCRIPT)
        await connection.execute(f"COMMENT ON SCHEMA event_log IS '{_VERSION}'")


async def _version(connection: Connection) -> str | None:
    version: str | None = await connection.fetchval(
        "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'event_log'"
    )
    return version
