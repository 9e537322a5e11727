"""Two communities in the same tables: the database itself keeps them apart, whoever asks it and for what."""

# ruff: noqa: S608 - the statements are made of names that PostgreSQL itself gave

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import asyncpg
import pytest

from tests.support.applications import FIRST, NAMES, SECOND

_INFRASTRUCTURE = {"inbox", "inbox_topic", "inbox_stream", "job_lease", "outbox_progress"}
"""Of no community: only the scope of the infrastructure sees them."""
KEEPS_PARTITIONS = {
    "messaging_partitions",
    "messaging_make_partitions",
    "messaging_drop_partition",
    "messaging_trim_default",
}
"""Functions with the owner's rights: they show nothing, and take away only what is past its days."""
OWN = "tenant = current_setting('longxi.tenant', true)"
EVERYWHERE = "current_setting('longxi.tenant', true) = '*'"
POLICIES = {OWN, f"{OWN} OR {EVERYWHERE}", EVERYWHERE}
_OURS = "relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')"
"""The schema of partitions included."""
_COLUMNS = """
SELECT attname, format_type(atttypid, NULL) AS type, attidentity <> '' OR attgenerated <> '' AS made,
    (SELECT enumlabel FROM pg_enum WHERE enumtypid = atttypid ORDER BY enumsortorder LIMIT 1) AS word
FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_VALUES = {
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric", "real", "double precision"), "1"),
    **dict.fromkeys(("timestamp with time zone", "timestamp without time zone", "date"), "now()"),
    **dict.fromkeys(("jsonb", "json"), "'{}'"),
    **dict.fromkeys(("tstzrange", "daterange"), "'empty'"),
    "uuid": "gen_random_uuid()",
    "bytea": "'\\x00'",
    "interval": "'1 day'",
    "boolean": "true",
}
_RULES = """
SELECT conrelid::regclass::text AS of, conname FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'x') AND conparentid = 0 AND coninhcount = 0
"""

_TRIGGERS = """
SELECT tgrelid::regclass::text AS of, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace AND tgparentid = 0
    AND (tgconstraint <> 0 OR tgname = 'never_changed')
"""


@pytest.fixture(params=NAMES)
async def tables(
    request: pytest.FixtureRequest, service_access: Any, postgres: str
) -> AsyncIterator["Tables"]:
    """A service's tables with a row of the first community in each. What rows have to be like is left out here."""
    access = await service_access(request.param)
    admin = await asyncpg.connect(f"{postgres.rsplit('/', 1)[0]}/{access.url.rsplit('/', 1)[1]}")
    service = await asyncpg.connect(access.url)
    for rule in await admin.fetch(_RULES):
        await admin.execute(f'ALTER TABLE {rule["of"]} DROP CONSTRAINT "{rule["conname"]}" CASCADE')
    for trigger in await admin.fetch(_TRIGGERS):
        await admin.execute(f'DROP TRIGGER "{trigger["tgname"]}" ON {trigger["of"]}')
    tables = Tables(admin, service)
    await tables.fill()
    yield tables
    await service.close()
    await admin.close()


class Tables:
    def __init__(self, admin: asyncpg.Connection, service: asyncpg.Connection) -> None:
        self.admin = admin
        self.service = service
        """As the service itself connects."""
        self.names: list[str] = []
        self.rows: dict[str, dict[str, str]] = {}

    async def fill(self) -> None:
        found = await self.admin.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition AND relname <> 'alembic_version' ORDER BY relname"
        )
        self.names = [row["relname"] for row in found]
        for name in self.names:
            columns = await self.admin.fetch(_COLUMNS, f'"{name}"')
            row = {column["attname"]: _value(column) for column in columns if not column["made"]}
            self.rows[name] = row
            await self.admin.execute("DELETE FROM " + f'"{name}"')
            await self.admin.execute(_insert(name, row))

    async def within(self, tenant: str | None, statement: str) -> str:
        """Run it as the service in this scope; its command tag. Raises what PostgreSQL says."""
        async with self.service.transaction():
            if tenant is not None:
                await self.service.execute("SELECT set_config('longxi.tenant', $1, true)", tenant)
            tag: str = await self.service.execute(statement)
            return tag


def _condition(expression: str) -> str:
    """As it was written: PostgreSQL adds casts and parentheses."""
    plain = expression.replace("::text", "").replace("(tenant)", "tenant")
    # Parentheses stay where they belong to a function.
    return re.sub(
        r"(?<!current_setting)\(((?:[^()]|\([^()]*\))*)\)", r"\1", re.sub(r"^\((.*)\)$", r"\1", plain)
    )


def _value(column: Mapping[str, Any]) -> str:
    """An expression for a value of this column."""
    kind: str = column["type"]
    if column["attname"] == "tenant":
        return f"'{FIRST}'"
    if column["word"] is not None:
        return f"'{column['word']}'"
    return "'{}'" if kind.endswith(("[]", "multirange")) else _VALUES.get(kind, "'a'")


def _insert(name: str, row: Mapping[str, str], tenant: str = FIRST) -> str:
    columns = ", ".join(f'"{column}"' for column in row)
    values = ", ".join(f"'{tenant}'" if column == "tenant" else value for column, value in row.items())
    return f'INSERT INTO "{name}" ({columns}) VALUES ({values})'


async def test_no_table_shows_a_row_of_another_community_or_takes_one(tables: Tables) -> None:
    for name in tables.names:
        assert await tables.admin.fetchval(f'SELECT count(*) FROM "{name}"') == 1, name
        column = next(iter(tables.rows[name]))
        for scope in (SECOND, None, ""):
            assert await tables.within(scope, f'SELECT FROM "{name}"') == "SELECT 0", (name, scope)
            for change in (f'UPDATE "{name}" SET "{column}" = "{column}"', f'DELETE FROM "{name}"'):
                assert (await tables.within(scope, change)).endswith(" 0"), (name, scope, change)
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                await tables.within(scope, _insert(name, tables.rows[name]))
        if name not in _INFRASTRUCTURE:
            assert "tenant" in tables.rows[name], name
            assert await tables.within(FIRST, f'SELECT FROM "{name}"') == "SELECT 1", name
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                await tables.within(FIRST, f"UPDATE \"{name}\" SET tenant = '{SECOND}'")
        assert await tables.admin.fetchval(f'SELECT count(*) FROM "{name}"') == 1, name


async def test_row_level_security_is_forced_on_every_table_and_the_role_is_bound_by_it(
    tables: Tables,
) -> None:
    """Partitions have none of their own that PostgreSQL asks when it comes by the parent: so nobody comes by them."""
    me = await tables.service.fetchval("SELECT current_user")
    loose = await tables.admin.fetch(
        f"""
        SELECT relname FROM pg_class
        WHERE {_OURS} AND relkind IN ('r', 'p') AND relname <> 'alembic_version'
            AND NOT relispartition AND (NOT relrowsecurity OR NOT relforcerowsecurity
                 OR NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid))
        """
    )
    assert [row["relname"] for row in loose] == []
    policies = await tables.admin.fetch(
        "SELECT polrelid::regclass::text AS of, polcmd = '*' AS every, polpermissive AS permissive,"
        " pg_get_expr(polqual, polrelid) AS shown, pg_get_expr(polwithcheck, polrelid) AS taken FROM pg_policy"
    )
    for policy in policies:
        assert policy["every"], policy["of"]
        assert _condition(policy["shown"]) == _condition(policy["taken"] or policy["shown"]), policy["of"]
        assert _condition(policy["shown"]) in POLICIES, policy["of"]
    assert len({policy["of"] for policy in policies}) == len(policies), (
        "a second policy would widen the first"
    )
    open_partitions = await tables.admin.fetch(
        f"""
        SELECT relname FROM pg_class WHERE {_OURS} AND relispartition AND relkind IN ('r', 'p')
            AND NOT (relrowsecurity AND relforcerowsecurity) AND has_schema_privilege($1, relnamespace, 'USAGE')
            AND has_table_privilege($1, oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        """,
        me,
    )
    assert [row["relname"] for row in open_partitions] == []
    owned = await tables.admin.fetch(
        "SELECT relname FROM pg_class WHERE relowner = $1::regrole"
        " UNION SELECT proname FROM pg_proc WHERE proowner = $1::regrole"
        " UNION SELECT nspname FROM pg_namespace WHERE nspowner = $1::regrole"
        " UNION SELECT datname FROM pg_database WHERE datdba = $1::regrole",
        me,
    )
    assert [row["relname"] for row in owned] == []
    # A function of the owner's rights may do what its caller may not, so each is looked at here by its name.
    borrowed = await tables.admin.fetch(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace IN"
        " (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')"
    )
    assert {row["proname"] for row in borrowed} <= KEEPS_PARTITIONS


async def test_partitions_are_no_way_around(tables: Tables) -> None:
    partitions = await tables.admin.fetch(
        f"SELECT oid::regclass::text AS name FROM pg_class WHERE relispartition AND relkind = 'r' AND {_OURS}"
    )
    assert partitions
    for partition in partitions:
        for scope in (SECOND, None, "*"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await tables.within(scope, f"SELECT FROM {partition['name']}")


async def test_the_services_role_cannot_free_itself(tables: Tables) -> None:
    me = await tables.service.fetchrow(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    )
    assert [me[1], me[2], me[3], me[4]] == [False] * 4
    assert not await tables.admin.fetchval(
        "SELECT count(*) FROM pg_auth_members WHERE member = $1::regrole", me["rolname"]
    )
    table = tables.names[-1]
    for statement in (
        f'SET ROLE "{me["rolname"]}_owner"',
        "SET ROLE postgres",
        f'SET SESSION AUTHORIZATION "{me["rolname"]}_owner"',
        f'ALTER ROLE "{me["rolname"]}" BYPASSRLS',
        f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY',
        f'DROP POLICY tenant_isolation ON "{table}"',
        f'CREATE POLICY mine ON "{table}" USING (true)',
        f'TRUNCATE "{table}"',
        f'DROP TABLE "{table}"',
        "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE EXTENSION dblink",
        "COPY (SELECT 1) TO PROGRAM 'true'",
    ):
        with pytest.raises(asyncpg.PostgresError) as refused:
            await tables.within(FIRST, statement)
        assert isinstance(
            refused.value, asyncpg.InsufficientPrivilegeError | asyncpg.InvalidParameterValueError
        ) or "must be owner" in str(refused.value), (statement, refused.value)
    # Switching row security off makes the database refuse rather than show.
    async with tables.service.transaction():
        await tables.service.execute("SET LOCAL row_security = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tables.service.transaction():
                await tables.service.execute(f'SELECT FROM "{table}"')
