"""A database for each service, with two roles: one that owns the tables, one that works with them.

Run with an administrator's connection by the embedded default, by tests and by the compose file's one-shot
container. Safe to run again.
"""

from dataclasses import dataclass

import asyncpg
from sqlalchemy.engine import URL, make_url

EXTENSIONS = ("pg_trgm", "btree_gist")


@dataclass(frozen=True, slots=True)
class Access:
    """Connection URLs of one service's database."""

    url: str
    """For the service: it may read and write rows, and row-level security binds it."""
    owner_url: str
    """For migrations: it owns the tables."""


async def provision(
    admin_url: str, name: str, *, password: str, owner_password: str, template: str | None = None
) -> Access:
    """Make database `longxi_<name>` with the roles `longxi_<name>` and `longxi_<name>_owner`.

    `template` copies another database of the same roles, tables and all: tests start from a migrated one.
    """
    role = f"longxi_{name}"
    return await provision_database(
        admin_url, role, role=role, password=password, owner_password=owner_password, template=template
    )


async def provision_database(
    admin_url: str,
    database: str,
    *,
    role: str,
    password: str,
    owner_password: str,
    template: str | None = None,
) -> Access:
    """As `provision`, with every name of the caller's choosing."""
    owner = f"{role}_owner"
    admin = await asyncpg.connect(admin_url)
    try:
        for name, secret in ((owner, owner_password), (role, password)):
            await _ensure_role(admin, name, secret)
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            copy = f' TEMPLATE "{template}"' if template else ""
            await admin.execute(f'CREATE DATABASE "{database}" OWNER "{owner}"{copy}')
    finally:
        await admin.close()
    inside = await asyncpg.connect(_url(admin_url, database=database))
    try:
        for extension in EXTENSIONS:
            await inside.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        await inside.execute(
            f"""
            REVOKE ALL ON DATABASE "{database}" FROM PUBLIC;
            GRANT CONNECT ON DATABASE "{database}" TO "{role}";
            ALTER SCHEMA public OWNER TO "{owner}";
            GRANT USAGE ON SCHEMA public TO "{role}";
            ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{role}";
            ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" GRANT USAGE, SELECT ON SEQUENCES TO "{role}";
            """
        )
    finally:
        await inside.close()
    return Access(
        url=_url(admin_url, database=database, username=role, password=password),
        owner_url=_url(admin_url, database=database, username=owner, password=owner_password),
    )


async def _ensure_role(admin: "asyncpg.Connection[asyncpg.Record]", name: str, password: str) -> None:
    exists = await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name)
    # A role's password cannot be a parameter of the statement; format() quotes it on the server.
    verb = "ALTER" if exists else "CREATE"
    statement = await admin.fetchval(
        f"SELECT format('{verb} ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD %L', $1::text, $2::text)",
        name,
        password,
    )
    await admin.execute(statement)


def _url(admin_url: str, **changes: str) -> str:
    url: URL = make_url(admin_url).set(**changes)  # type: ignore[arg-type]  # set() takes str for these three
    return url.render_as_string(hide_password=False)
