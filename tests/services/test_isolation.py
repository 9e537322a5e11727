"""Two communities on the same tables: neither sees, changes or makes anything of the other's, whoever is asking."""

# ruff: noqa: S608 - the statements are made of names that PostgreSQL itself gave

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from shared.contracts.intake import Channel, RequestFiled, Urgency
from shared.database import new_id
from shared.messaging.envelope import Envelope, Received
from shared.security import Role
from tests.services.employment.samples import seeker_body, vacancy_body, wishes
from tests.support.applications import FIRST, NAMES, SECOND, Applications, Open
from tests.support.least import least

_INFRASTRUCTURE = {"inbox", "inbox_topic", "inbox_stream", "job_lease"}
"""Of no community: only the scope of the infrastructure sees them."""
EXPECTED: Mapping[str, int] = {
    # Who read of somebody whom nobody knows: nobody.
    "GET /v1/residents/{id}/reads": 200,
}
BODIES: Mapping[str, Any] = {
    # Where a field has a form that its schema does not spell out.
    "/v1/cases/{id}/submit": {"result": "resolved", "effort_minutes": 30},
    "/v1/vacancies/{id}": vacancy_body(),
    "/v1/seekers/{id}": wishes(),
    "/v1/webhooks/{id}": {"url": "http://127.0.0.1:9/hook"},
    "/v1/requests/{id}/reject": {"reason": "no_facts"},
    "/v1/requests/{id}/rework": {"reason": "not_solved"},
    "/v1/requests/{id}/reopen": {"reason": "not_solved"},
}
_OF_THE_INSTALLATION = "/v1/operations/"
"""Routes of the operators, who run it for all communities alike."""
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


def _value(column: Mapping[str, Any]) -> str:
    """An expression for a value of this column."""
    kind: str = column["type"]
    if column["attname"] == "tenant":
        return f"'{FIRST}'"
    if column["word"] is not None:
        return f"'{column['word']}'"
    return "'{}'" if kind.endswith("[]") else _VALUES.get(kind, "'a'")


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


async def test_partitions_are_no_way_around(tables: Tables) -> None:
    partitions = await tables.admin.fetch(
        "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    for partition in partitions:
        for scope in (SECOND, None):
            try:
                shown = await tables.within(scope, f'SELECT FROM "{partition["relname"]}"')
            except asyncpg.InsufficientPrivilegeError:
                continue
            assert shown == "SELECT 0", partition["relname"]


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


@pytest.fixture(scope="module")
async def rows(applications: Applications) -> Mapping[str, Mapping[str, UUID]]:
    """Something of every kind in the first community: for each service, by the noun of its path."""

    async def made(service: str, path: str, body: Any, *roles: Role) -> UUID:
        token = applications.token(*(roles or (Role.HEAD,)))
        answer = await applications[service].call("POST", path, token, json=body)
        assert answer.is_success, answer.text
        content = answer.json()
        return UUID((content.get("line") or content)["id"])

    resident = await made("intake", "/v1/residents", {"name": "张三", "phone": "19900001234"})
    concern = {"subject": "路灯不亮", "body": "坏了三天。", "resident": str(resident)}
    request = await made("intake", "/v1/requests", concern)
    worker = await made("casework", "/v1/workers", {"staff_number": "L1", "name": "李四"})
    grid = {"code": "g1", "name": "一网格", "kind": "area", "owner": str(worker), "catch_all": True}
    rows = {
        "intake": {"residents": resident, "requests": request},
        "casework": {
            "workers": worker,
            "grids": await made("casework", "/v1/grids", grid),
            "cases": await _case(applications["casework"], request, resident),
        },
        "employment": {
            "seekers": await made("employment", "/v1/seekers", {**seeker_body(), "resident": str(resident)}),
            "vacancies": await made("employment", "/v1/vacancies", vacancy_body()),
        },
        "notifications": {
            "webhooks": await made(
                "notifications", "/v1/webhooks", {"url": "http://127.0.0.1:9/hook"}, Role.PORTAL
            )
        },
    }
    for service in NAMES:
        (permission, *_) = sorted(applications[service].service.permissions[Role.PORTAL])
        key = {"label": "一门户", "permissions": [permission]}
        rows[service]["api-keys"] = await made(service, "/v1/api-keys", key, *Role)
    rows["casework"]["requests"] = request
    return rows


async def _case(casework: Open, request: UUID, resident: UUID) -> UUID:
    """A case as intake's event makes one."""
    now = casework.runtime.clock()
    event = RequestFiled(
        request=request,
        resident=resident,
        reference="261118-000001-0",
        urgency=Urgency.NORMAL,
        channel=Channel.WEB,
        filed=now,
        due=now,
    )
    id = new_id()
    envelope = Envelope(
        id=id,
        source="urn:longxi:service:intake",
        type=event.type,
        time=now,
        subject=request,
        tenant=FIRST,
        sequence=1,
        correlation=id,
        causation=None,
        traceparent=None,
        dataschema=event.dataschema(),
        data=event.model_dump_json().encode(),
    )
    route = casework.parts.handlers.route(event.type)
    assert route is not None
    async with casework.runtime.database.transaction(FIRST) as session:
        for subscription in route.subscriptions:
            received: Any = Received(envelope, event)
            await subscription.handle(session, [received] if subscription.batch else received)
    return request


@pytest.mark.parametrize("service", NAMES)
async def test_no_route_tells_of_or_changes_what_is_anothers(
    service: str, applications: Applications, rows: Mapping[str, Mapping[str, UUID]]
) -> None:
    """An id of another community is answered as one that nobody has, word for word, and nothing has changed."""
    open, token = applications[service], applications.token(tenant=SECOND)
    document = open.app.openapi()
    before, tried = await open.content(), 0
    for path, operations in document["paths"].items():
        if "{" not in path or path.startswith((_OF_THE_INSTALLATION, "/v1/receipts", "/v1/imports")):
            continue
        noun = path.split("/")[2]
        for method, operation in operations.items():
            if noun not in rows[service]:
                continue
            body = BODIES.get(path) if method != "get" else None
            body = body or least(document, operation)
            answers = [
                await open.call(
                    method.upper(), _address(path, id), token, json=body, headers={"If-Match": '"1"'}
                )
                for id in (rows[service][noun], new_id())
            ]
            theirs, nobodys = (_said(answer) for answer in answers)
            assert theirs == nobodys, (method, path)
            expected = EXPECTED.get(f"{method.upper()} {path}", 404)
            if theirs[0] != expected:
                print("BAD", method, path, theirs, body)
            tried += 1
    assert tried >= 4
    assert await open.content() == before


@pytest.mark.parametrize("service", NAMES)
async def test_no_list_shows_what_is_anothers(
    service: str, applications: Applications, rows: Mapping[str, Mapping[str, UUID]]
) -> None:
    open, tried = applications[service], 0
    ids = {str(id) for id in rows[service].values()}
    for path, operations in open.app.openapi()["paths"].items():
        if "get" in operations and "{" not in path and not path.startswith(_OF_THE_INSTALLATION):
            answer = await open.call("GET", path, applications.token(tenant=SECOND))
            assert not any(id in answer.text for id in ids), path
            if answer.is_success and "items" in answer.json():
                assert answer.json()["items"] == [], path
                tried += 1
    assert tried >= 1


async def test_a_body_that_names_what_is_anothers_is_refused(
    applications: Applications, rows: Mapping[str, Mapping[str, UUID]]
) -> None:
    """Foreign keys look past row-level security, so here the services have to look first."""
    resident, worker = rows["intake"]["residents"], rows["casework"]["workers"]
    for service, path, name, id, body in (
        ("intake", "/v1/requests", "resident", resident, {"subject": "路灯不亮", "body": "坏了三天。"}),
        ("casework", "/v1/grids", "owner", worker, {"code": "g9", "name": "九网格", "kind": "area"}),
    ):
        open, token = applications[service], applications.token(Role.HEAD, tenant=SECOND)
        before = await open.content()
        theirs, nobodys = [
            _said(await open.call("POST", path, token, json={**body, name: str(named)}))
            for named in (id, new_id())
        ]
        assert theirs == nobodys, path
        assert theirs[0] in {404, 409, 422}, (path, theirs)
        assert await open.content() == before


def _address(path: str, id: UUID) -> str:
    return "/".join(str(id) if step.startswith("{") else step for step in path.split("/"))


def _said(answer: httpx.Response) -> tuple[int, Any]:
    content = answer.json()
    return answer.status_code, {key: value for key, value in content.items() if key != "correlation"}
