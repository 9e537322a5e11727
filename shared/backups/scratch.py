"""A database is restored beside the one that is there, and takes its place when it is whole.

So whatever goes wrong on the way, what was there is still there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import asyncpg

from shared.backups.cutting import Connection, connected
from shared.backups.failures import BackupFailed, InUse, NotEmpty
from shared.backups.installation import Target
from shared.database.provision import provision_database

_TABLES = """
SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
"""
_SUPERUSER = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
_EXISTS = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
_ROLES = "SELECT count(*) FROM pg_roles WHERE rolname IN ($1, $2) AND rolcanlogin"
_CONNECTED = """
SELECT DISTINCT coalesce(nullif(application_name, ''), usename, 'somebody') FROM pg_stat_activity
WHERE datname = $1 AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_RIGHTS = """
REVOKE ALL ON DATABASE "{database}" FROM PUBLIC;
GRANT CONNECT ON DATABASE "{database}" TO "{role}";
"""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


@dataclass(frozen=True, slots=True)
class Scratch:
    """The database that is being filled, and the one whose place it will take."""

    target: Target
    name: str
    aside: str
    """What the old one is called until it is dropped."""

    @property
    def filled(self) -> Target:
        return replace(self.target, database=self.name)


async def check_free(target: Target, *, replacing: bool) -> None:
    """Raises NotEmpty, InUse, BackupFailed. Changes nothing."""
    if not _NAME.fullmatch(target.database) or not _NAME.fullmatch(target.role):
        raise BackupFailed(
            f"{target.database}, {target.role}: names of databases and roles are a-z, 0-9 and _"
        )
    async with connected(target.url("postgres")) as admin:
        if not await admin.fetchval(_SUPERUSER):
            raise BackupFailed("to restore, the account has to be a superuser: use the administrator's URL")
        if target.password is None and await admin.fetchval(_ROLES, target.role, target.owner) != 2:
            raise BackupFailed(
                f"there are no roles {target.role} and {target.owner}: run `longxi prepare` first"
            )
        if not await admin.fetchval(_EXISTS, target.database):
            return
        users = [row[0] for row in await admin.fetch(_CONNECTED, target.database)]
    if users:
        raise InUse(f"{target.database} is in use by {', '.join(sorted(users))}: stop the services first")
    async with connected(target.url()) as inside:
        tables = await inside.fetchval(_TABLES)
    if tables and not replacing:
        raise NotEmpty(
            f"{target.database} holds {tables} tables: nothing was touched. --replace puts the backup in its place"
        )


async def exists(target: Target) -> bool:
    async with connected(target.url("postgres")) as admin:
        return bool(await admin.fetchval(_EXISTS, target.database))


async def make_scratch(target: Target, stamp: str) -> Scratch:
    """An empty database with the accounts and rights that the service's own has."""
    scratch = Scratch(target, f"{target.database}_new_{stamp}", f"{target.database}_old_{stamp}")
    admin_url = target.url("postgres")
    if target.password is not None and target.owner_password is not None:
        await provision_database(
            admin_url,
            scratch.name,
            role=target.role,
            password=target.password,
            owner_password=target.owner_password,
        )
        return scratch
    async with connected(admin_url) as admin:
        await admin.execute(f'CREATE DATABASE "{scratch.name}" OWNER "{target.owner}"')
        await admin.execute(_RIGHTS.format(database=scratch.name, role=target.role))
    return scratch


async def drop(scratch: Scratch) -> None:
    async with connected(scratch.target.url("postgres")) as admin:
        await admin.execute(f'DROP DATABASE IF EXISTS "{scratch.name}" WITH (FORCE)')


async def swap(scratches: Sequence[Scratch], *, keep_old: bool) -> None:
    """All of them take their places, or none does. Raises BackupFailed."""
    done: list[tuple[Scratch, bool]] = []
    try:
        for scratch in scratches:
            async with connected(scratch.target.url("postgres")) as admin:
                there = bool(await admin.fetchval(_EXISTS, scratch.target.database))
                if there:
                    await _rename(admin, scratch.target.database, scratch.aside)
                done.append((scratch, there))
                await _rename(admin, scratch.name, scratch.target.database)
    except (asyncpg.PostgresError, BackupFailed) as failure:
        for scratch, there in reversed(done):
            await _undo(scratch, there=there)
        raise BackupFailed(
            f"the databases could not change places, so all are as they were: {failure}"
        ) from None
    if not keep_old:
        for scratch, there in done:
            if there:
                async with connected(scratch.target.url("postgres")) as admin:
                    await admin.execute(f'DROP DATABASE "{scratch.aside}" WITH (FORCE)')


async def _rename(admin: Connection, old: str, new: str) -> None:
    await admin.execute(f'ALTER DATABASE "{old}" RENAME TO "{new}"')


async def _undo(scratch: Scratch, *, there: bool) -> None:
    async with connected(scratch.target.url("postgres")) as admin:
        if not await admin.fetchval(_EXISTS, scratch.name):
            await _rename(admin, scratch.target.database, scratch.name)
        if there:
            await _rename(admin, scratch.aside, scratch.target.database)


__all__ = ["Scratch", "check_free", "drop", "exists", "make_scratch", "swap"]
