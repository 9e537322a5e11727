"""Databases that are copies of a template. A test gives its copy back, and the next one gets it with every row as the
template has it: that takes a few milliseconds, where another copy takes a third of a second and a thousand files.

A copy of which more was changed than its rows is dropped.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO

import asyncpg

from shared.database.provision import Access

# Whatever makes, changes or takes away a table, a function, a right or a setting writes a row of these.
_CATALOGUES = (
    *(
        "pg_attrdef",
        "pg_attribute",
        "pg_class",
        "pg_constraint",
        "pg_default_acl",
        "pg_extension",
        "pg_index",
    ),
    *("pg_namespace", "pg_policy", "pg_proc", "pg_trigger", "pg_type"),
)
_EACH = [
    f"SELECT '{name} ' || count(*) || ' ' || max(xmin::text::bigint) AS part FROM {name}"  # noqa: S608
    for name in _CATALOGUES
]
_SETTINGS = (
    "SELECT coalesce(string_agg(setconfig::text, ' '), '') FROM pg_db_role_setting"
    " WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_MADE_OF = f"SELECT string_agg(part, ' ') FROM ({' UNION ALL '.join([*_EACH, _SETTINGS])}) AS parts"  # noqa: S608
_OURS = "relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)"
_NAME = "oid::regclass::text, relnamespace::regnamespace::text, relname"
_TABLES = f"SELECT {_NAME} FROM pg_class WHERE relkind = 'r' AND relpersistence <> 't' AND {_OURS}"  # noqa: S608
_SEQUENCES = f"SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' AND {_OURS}"  # noqa: S608
_END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@dataclass(slots=True)
class _Rows:
    """What a template holds: tables that have rows with them, and where its sequences stand."""

    held: Mapping[str, tuple[str, str, bytes]]
    """Schema, name and rows, by the name as statements have it."""
    different: str
    """The question which tables have other rows."""
    sequences: str
    """Puts them back."""


@dataclass(slots=True)
class Copies:
    """Of all templates of a session."""

    admin_url: str
    _free: dict[str, list[Access]] = field(default_factory=dict)
    _rows: dict[str, _Rows] = field(default_factory=dict)
    _known: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The template of a copy, and what the copy was made of."""

    async def take(self, template: str, make: Callable[[], Awaitable[Access]]) -> Access:
        """One that was given back, or the one that `make` copies from the template."""
        if free := self._free.get(template):
            return free.pop()
        access = await make()
        connection = await self._connect(access)
        try:
            if template not in self._rows:
                self._rows[template] = await _rows_of(connection)
            self._known[access.url] = template, await connection.fetchval(_MADE_OF)
        finally:
            await connection.close()
        return access

    async def give_back(self, access: Access) -> None:
        template, made_of = self._known.get(access.url, ("", ""))
        if template and await self._as_it_was(access, made_of, self._rows[template]):
            self._free.setdefault(template, []).append(access)
        else:
            await self.drop(access)

    async def drop(self, access: Access) -> None:
        admin = await asyncpg.connect(self.admin_url)
        try:
            await admin.execute(f'DROP DATABASE IF EXISTS "{_name(access)}" WITH (FORCE)')
        finally:
            await admin.close()

    async def _as_it_was(self, access: Access, made_of: str, rows: _Rows) -> bool:
        try:
            connection = await self._connect(access)
        except asyncpg.InvalidCatalogNameError:
            return False
        try:
            await connection.execute(_END_OTHERS)
            # Whoever was just ended may still hold a lock. Replicas' role: no trigger, no foreign key.
            await connection.execute("SET lock_timeout = '5s'; SET session_replication_role = replica")
            if await connection.fetchval(_MADE_OF) != made_of:
                return False
            different = [row[0] for row in await connection.fetch(rows.different)]
            if different:
                await connection.execute(";".join(f"DELETE FROM {table}" for table in different))  # noqa: S608
            for table in set(different) & rows.held.keys():
                schema, name, content = rows.held[table]
                await connection.copy_to_table(
                    name, schema_name=schema, source=BytesIO(content), format="binary"
                )
            await connection.execute(rows.sequences)
        except asyncpg.LockNotAvailableError:
            return False
        finally:
            await connection.close()
        return True

    async def _connect(self, access: Access) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(f"{self.admin_url.rsplit('/', 1)[0]}/{_name(access)}")


async def _rows_of(connection: "asyncpg.Connection[asyncpg.Record]") -> _Rows:
    held: dict[str, tuple[str, str, bytes]] = {}
    parts: list[str] = []
    for table, schema, name in await connection.fetch(_TABLES):
        digest = f"(SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} AS t)"  # noqa: S608
        if (rows := await connection.fetchval(f"SELECT {digest}")) is None:
            parts.append(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})")  # noqa: S608
            continue
        content = BytesIO()
        await connection.copy_from_table(name, schema_name=schema, output=content, format="binary")
        held[table] = schema, name, content.getvalue()
        parts.append(f"SELECT '{table}' WHERE {digest} IS DISTINCT FROM '{rows}'")  # noqa: S608
    sequences = []
    for (sequence,) in await connection.fetch(_SEQUENCES):
        last, called = await connection.fetchrow(f"SELECT last_value, is_called FROM {sequence}")  # noqa: S608
        sequences.append(f"SELECT setval('{sequence}', {last}, {called})")
    return _Rows(held, " UNION ALL ".join(parts), ";".join(sequences) or "SELECT 1")


def _name(access: Access) -> str:
    return access.url.rsplit("/", 1)[-1]


__all__ = ["Copies"]
