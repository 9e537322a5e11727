"""One moment for several databases: a snapshot of each, such that no event was applied in one of them that another
has not recorded.

Databases cannot share a snapshot, and services tell each other what happened. Were the snapshots taken one after the
other, one could have applied an event that its publisher's snapshot does not have yet; restored, the publisher would
give that event's number to another fact, and the consumer would drop it as a duplicate. So for the moment of taking
them nobody applies events: the table in which every consumer notes how far it is, is locked in all databases first.
Whatever is applied in any snapshot was published before that, and recorded before that.

The other way round (recorded, and not yet applied) is what an outbox is for.

The lock is held for milliseconds, filing and answering go on meanwhile, and inboxes go on behind it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import asyncpg

from shared.backups.failures import BackupFailed, NoSuchDatabase, NotAllRows
from shared.backups.installation import Target

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_TIMEOUT = 10.0
_TRIES = 20
_PAUSE_SECONDS = 1.0
# Longer than deadlock_timeout (1 s), after which an autovacuum of the table gives way to us.
_LOCK = "SET LOCAL lock_timeout = '4s'; LOCK TABLE public.inbox_stream IN SHARE MODE"
_SETTINGS = {
    "application_name": "longxi-backup",
    "timezone": "UTC",
    # Rows that a policy would hide are an error and not left out.
    "row_security": "off",
    # A dump takes as long as it takes.
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
_ACCOUNT = "SELECT rolname, rolsuper OR rolbypassrls AS sees_all FROM pg_roles WHERE rolname = current_user"
_SNAPSHOT = "SELECT pg_export_snapshot() AS id, clock_timestamp() AS seen_at"
_TABLES = """
SELECT format('%I.%I', nspname, relname) AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r' AND relpersistence = 'p' AND nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1
"""
_GUARDED = "SELECT count(*) FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
_MIGRATION = "SELECT version_num FROM public.alembic_version"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Of one database, as long as its connection is open."""

    target: Target
    connection: Connection
    id: str
    seen_at: datetime
    server: int

    async def migration(self) -> str:
        found: str = await self.connection.fetchval(_MIGRATION)
        return found

    async def guarded(self) -> int:
        found: int = await self.connection.fetchval(_GUARDED)
        return found

    async def rows(self) -> Mapping[str, int]:
        """Of every table that holds rows, partitions each by itself."""
        return await count_rows(self.connection)


@asynccontextmanager
async def cut(targets: Sequence[Target]) -> AsyncIterator[Sequence[Snapshot]]:
    """Snapshots of all of them, of one moment in the sense above. Raises NotAllRows, BackupFailed."""
    async with AsyncExitStack() as open_things:
        readers = [await open_things.enter_async_context(connected(target.url())) for target in targets]
        for target, reader in zip(targets, readers, strict=True):
            await _check(target, reader)
        async with _nobody_applies(targets):
            for reader in readers:
                await reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            taken = [await reader.fetchrow(_SNAPSHOT) for reader in readers]
        snapshots = []
        for target, reader, row in zip(targets, readers, taken, strict=True):
            assert row is not None
            server = reader.get_server_version().major
            snapshots.append(Snapshot(target, reader, row["id"], row["seen_at"], server))
        yield snapshots


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """Raises BackupFailed where the server does not answer or refuses; what it says of a row is not repeated."""
    try:
        connection = await asyncpg.connect(
            url, server_settings=_SETTINGS, timeout=_TIMEOUT, command_timeout=None
        )
    except asyncpg.InvalidCatalogNameError as failure:
        raise NoSuchDatabase(f"PostgreSQL: {failure}") from None
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
        raise BackupFailed(f"PostgreSQL cannot be reached: {type(failure).__name__}: {failure}") from None
    try:
        yield connection
    except asyncpg.InsufficientPrivilegeError as failure:
        raise NotAllRows(f"the account lacks rights: {failure.args[0]} (see docs/backup.md)") from None
    except asyncpg.PostgresError as failure:
        raise BackupFailed(f"PostgreSQL: {type(failure).__name__}: {failure.args[0]}") from None
    finally:
        await connection.close(timeout=_TIMEOUT)


async def count_rows(connection: Connection) -> Mapping[str, int]:
    """By table, `schema.name`. An account that a policy binds gets an error."""
    names = [row["name"] for row in await connection.fetch(_TABLES)]
    return {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in names}  # noqa: S608 - quoted by format()


async def count_guarded(connection: Connection) -> int:
    found: int = await connection.fetchval(_GUARDED)
    return found


async def _check(target: Target, connection: Connection) -> None:
    account = await connection.fetchrow(_ACCOUNT)
    if account is None or not account["sees_all"]:
        name = account["rolname"] if account else "this account"
        raise NotAllRows(
            f"{name} does not see all rows of {target.database}: row-level security binds it, even as the owner."
            " Use the administrator's URL, or an account with BYPASSRLS (see docs/backup.md)"
        )
    if await connection.fetchval("SELECT to_regclass('public.inbox_stream') IS NULL"):
        raise BackupFailed(
            f"{target.database} has no tables: run `python -m services.{target.service} migrate`"
        )


@asynccontextmanager
async def _nobody_applies(targets: Sequence[Target]) -> AsyncIterator[None]:
    async with AsyncExitStack() as open_things:
        lockers = [await open_things.enter_async_context(connected(target.url())) for target in targets]
        for attempt in range(_TRIES):
            if await _all_locked(lockers):
                break
            if attempt == _TRIES - 1:
                raise BackupFailed(
                    "a consumer applied one batch for minutes; without a pause between two no consistent backup can be"
                    " taken. See which by `longxi doctor`, and try again"
                )
            await asyncio.sleep(_PAUSE_SECONDS)
        try:
            yield
        finally:
            for locker in lockers:
                await locker.execute("ROLLBACK")


async def _all_locked(lockers: Sequence[Connection]) -> bool:
    """All at once, so that nobody waits long; if one cannot be had, none is kept."""
    answers = await asyncio.gather(*(_locked(locker) for locker in lockers))
    if all(answers):
        return True
    for locker in lockers:
        await locker.execute("ROLLBACK")
    return False


async def _locked(locker: Connection) -> bool:
    await locker.execute("BEGIN")
    try:
        await locker.execute(_LOCK)
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
        return False
    except asyncpg.InsufficientPrivilegeError:
        raise NotAllRows(
            "the account may not lock inbox_stream, which makes the backup of several databases one of one moment:"
            " GRANT pg_maintain (see docs/backup.md)"
        ) from None
    return True


__all__ = ["Connection", "Snapshot", "connected", "count_guarded", "count_rows", "cut"]
