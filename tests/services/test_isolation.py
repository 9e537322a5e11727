"""Two communities on the same tables: neither sees, changes or makes anything of the other's, whoever is asking."""

# ruff: noqa: S608 - the statements are made of names that PostgreSQL itself gave

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from shared.database import new_id
from tests.services.conftest import SOURCE
from tests.services.employment.samples import vacancy_body, wishes
from tests.support.applications import FIRST, NAMES, RECEIPTS, SECOND, Applications
from tests.support.least import least

_INFRASTRUCTURE = {"inbox", "inbox_topic", "inbox_stream", "job_lease", "outbox_progress"}
"""Of no community: only the scope of the infrastructure sees them."""
EXPECTED: Mapping[str, int] = {
    # Who read of somebody whom nobody knows: nobody.
    "GET /v1/residents/{id}/reads": 200,
    "GET /v1/residents/{id}/merges": 200,
    "GET /v1/residents/{id}/guardianships": 200,
    # Which month is asked for is looked at first; who may give money up as well.
    "GET /v1/residents/{id}/points/statement": 422,
    "POST /v1/activities/{id}/ledger/waive": 403,
}
BODIES: Mapping[str, Any] = {
    # Where a field has a form that its schema does not spell out.
    "/v1/cases/{id}/submit": {"result": "resolved", "effort_minutes": 30},
    "/v1/vacancies/{id}": vacancy_body(),
    "/v1/seekers/{id}": wishes(),
    "/v1/webhooks/{id}": {"url": "http://127.0.0.1:9/hook"},
    "/v1/activities/{id}/schedule": {
        "starts": "2096-12-05T02:00:00Z",
        "ends": "2096-12-05T03:00:00Z",
        "lanes": [{"lane": "participant", "places": 3}],
    },
    "/v1/activities/{id}/cancel": {"reason": "weather"},
    "/v1/activities/{id}/repeat": {"every": "week", "count": 2},
    "/v1/activities/{id}/repeat-preview": {"every": "week", "count": 2},
    "/v1/activities/{id}/sign-ups": {"resident": "019a0000-0000-7000-8000-00000000000a"},
    "/v1/venues/{id}": {"name": "厅", "kind": "hall"},
    "/v1/activities/{id}/ledger/lines": {"kind": "budget", "amount": 1},
    "/v1/activities/{id}/ledger/waive": {"amount": 1},
    "/v1/activities/{id}/ledger/reimbursements": {
        "payer": "019a0000-0000-7000-8000-00000000000a",
        "amount": 1,
    },
    "/v1/hot-spots/{id}/votes": {"resident": "019a0000-0000-7000-8000-00000000000a"},
    "/v1/hot-spots/{id}/votes/take-back": {"resident": "019a0000-0000-7000-8000-00000000000a"},
    "/v1/guardianships/{id}/end": {"reason": "of_age"},
    "/v1/residents/{id}/guardians": {
        "guardian": "019a0000-0000-7000-8000-00000000000a",
        "relation": "parent",
    },
    "/v1/residents/{id}/consents": {"purpose": "employment_sharing", "given": False},
    "/v1/households/{id}/members": {"resident": "019a0000-0000-7000-8000-00000000000a", "relation": "spouse"},
    "/v1/requests/{id}/reclassify": {"reason": "wrong_category"},
    "/v1/requests/{id}/understanding/decision": {"category": "06"},
    "/v1/requests/{id}/supervise": {"reason": "slow_progress"},
    "/v1/requests/{id}/reject": {"reason": "no_facts"},
    "/v1/requests/{id}/rework": {"reason": "not_solved"},
    "/v1/requests/{id}/reopen": {"reason": "not_solved"},
}
_OF_THE_INSTALLATION = "/v1/operations/"
OTHERWISE: Mapping[str, str] = {
    _OF_THE_INSTALLATION: "of the operators, who run it for all communities alike",
    "/v1/receipts/aliyun/": "the parameter is the provider's secret; see test_a_receipt_cannot_name_what_is_anothers",
    "/v1/questions/": "by a category, which is no id; see tests/services/intake/test_questions.py",
    "/v1/categories/": "as above",
    "/v1/residents/{id}/points/postings/": "by a number within the account; see tests/services/intake/test_points.py",
    "/v1/activities/{id}/ledger/lines/": "by a number within the ledger; see tests/services/intake/test_ledgers.py",
    "/v1/public/": "by the community's name, for everybody; see tests/services/intake/test_ledgers.py, test_rates.py",
    "/v1/residents/{id}/reads/{read}/": "by a number within the record; see tests/services/intake/test_read_questions.py",
    "/v1/households/{id}/members/": "not a member, like nobody; see tests/services/intake/test_households.py",
    "/v1/attachment-links/": "the parameter is a signed word; see tests/services/intake/test_attachments.py",
    "/v1/requests/{id}/attachments": "takes a file; see tests/services/intake/test_attachments.py",
    "/v1/registers/{id}/parts": "takes a file; see tests/services/intake/test_registers.py",
    "/v1/imports/": "by the name of a source, which is not an id; see test_an_import_is_counted_for_its_community",
}
"""Routes with a parameter that are not tried with another's id, and why. A new route is tried, or fails this test."""
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


@pytest.mark.parametrize("service", NAMES)
async def test_no_route_tells_of_or_changes_what_is_anothers(
    service: str, applications: Applications, rows: Mapping[str, Mapping[str, UUID]]
) -> None:
    """An id of another community is answered as one that nobody has, word for word, and nothing has changed."""
    open, token = applications[service], applications.token(tenant=SECOND)
    document = open.app.openapi()
    before, otherwise = await open.content(), []
    for path, operations in document["paths"].items():
        if "{" not in path or path.startswith(tuple(OTHERWISE)):
            continue
        for method, operation in operations.items():
            body = BODIES.get(path) if method != "get" else None
            body = body or least(document, operation)
            for theirs, nobodys in _addresses(path, rows[service]):
                answers = [
                    _said(
                        await open.call(
                            method.upper(), address, token, json=body, headers={"If-Match": '"1"'}
                        )
                    )
                    for address in (theirs, nobodys)
                ]
                assert answers[0] == answers[1], (method, path)
                expected = EXPECTED.get(f"{method.upper()} {path}", 404)
                if answers[0][0] != expected:
                    otherwise.append((method, path, answers[0][0], str(answers[0][1])[:200]))
    assert otherwise == []
    assert await open.content() == before


@pytest.mark.parametrize("service", NAMES)
async def test_no_list_shows_what_is_anothers(
    service: str, applications: Applications, rows: Mapping[str, Mapping[str, UUID]]
) -> None:
    open, tried = applications[service], 0
    own = {str(id) for noun, id in rows[service].items() if noun.startswith("own ")}
    ids = {str(id) for id in rows[service].values()} - own
    for path, operations in open.app.openapi()["paths"].items():
        if "get" in operations and "{" not in path and not path.startswith(_OF_THE_INSTALLATION):
            answer = await open.call("GET", path, applications.token(tenant=SECOND))
            assert not any(id in answer.text for id in ids), path
            if answer.is_success and "items" in answer.json():
                lines = answer.json()["items"]
                assert all(own & {str(value) for value in line.values()} for line in lines), path
                tried += 1
    assert tried >= 1


async def test_a_receipt_cannot_name_what_is_anothers(
    applications: Applications, rows: Mapping[str, Mapping[str, UUID]]
) -> None:
    open, message = applications["notifications"], rows["notifications"]["inbox"]
    before = await open.content()
    receipt = {"success": True, "err_code": "DELIVERED", "biz_id": "1", "out_id": f"{SECOND}.{message}"}
    answer = await open.call("POST", f"/v1/receipts/aliyun/{RECEIPTS}", None, json=[receipt])
    assert answer.status_code == 200, answer.text
    assert await open.content() == before


@pytest.mark.usefixtures("rows")
async def test_an_import_is_counted_for_its_community(applications: Applications) -> None:
    path = f"/v1/imports/{SOURCE}/progress"
    ours, theirs = [
        (await applications["intake"].call("GET", path, applications.token(tenant=tenant))).json()["filed"]
        for tenant in (FIRST, SECOND)
    ]
    assert (ours, theirs) == (1, 0)


def _addresses(path: str, rows: Mapping[str, UUID]) -> Iterator[tuple[str, str]]:
    """The path with another's ids, and with ids that nobody has; below something of one's own too, where it goes on.

    Each id is of the noun before it: `/v1/workers/{id}/absences/{absence}`. KeyError says that a kind is missing.
    """
    steps = path.split("/")
    nouns = [noun for noun, step in pairwise(steps) if step.startswith("{")]
    yield _filled(steps, [rows[noun] for noun in nouns]), _filled(steps, [new_id() for _ in nouns])
    if len(nouns) > 1:
        own, last = rows[f"own {nouns[0]}"], rows[nouns[-1]]
        yield _filled(steps, [own, last]), _filled(steps, [own, new_id()])


def _filled(steps: Sequence[str], ids: Sequence[UUID]) -> str:
    left = iter(ids)
    return "/".join(str(next(left)) if step.startswith("{") else step for step in steps)


def _said(answer: httpx.Response) -> tuple[int, Any]:
    content = answer.json()
    return answer.status_code, {key: value for key, value in content.items() if key != "correlation"}
