"""An HTTP application in process: routes of a test's own on the real library, a real database and real tokens."""

import itertools
import os
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from fastapi import APIRouter
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from shared.caching import Cache, MemoryCache
from shared.clock import Clock
from shared.database import Database
from shared.database.isolation import enable_tenant_isolation
from shared.database.provision import Access, provision_database
from shared.security import LocalIssuer, Role, RolePermissions
from shared.security.migrations import security_tables
from shared.settings import Issuer
from shared.tenants import Tenant, Tenants
from shared.testing.clock import FrozenClock
from shared.web import Application, create_application
from shared.web.migrations import web_tables
from tests.support.copies import Copies

NOWHERE = "postgresql://nobody:none@127.0.0.1:1/nothing"
"""A database that does not answer; for routes that ask it nothing."""
TENANTS = Tenants(
    {"longxi": Tenant("longxi", "龙溪社区", "Longxi"), "yuhu": Tenant("yuhu", "玉湖社区", "Yuhu")}
)
_numbers = itertools.count(1)
# Made once: each takes a tenth of a second.
_TLS = ssl.create_default_context()
# Two conftests share these fixtures, and pytest makes a session's fixture once for each of them.
_templates: set[str] = set()


@dataclass
class Settings:
    mode: Literal["development", "production"] = "development"
    oidc_issuers: list[Issuer] = field(default_factory=list)
    service_key_file: Path | None = None
    service_jwks_file: Path | None = None
    service_issuer: str = "longxi-services"
    redis_url: str | None = None
    # Intake's own.
    attachments_folder: Path | None = None
    attachments_s3_bucket: str | None = None
    open311_url: str | None = None
    open311_contact: str = "api@longxi.example"


class QuietLog:
    """An event log that is there; these applications only ask it whether it is."""

    async def ping(self) -> None:
        return None


@dataclass
class Runtime:
    settings: Settings
    clock: Clock
    database: Database
    tenants: Tenants = field(default_factory=lambda: TENANTS)
    log: Any = field(default_factory=QuietLog)
    cache: Cache = field(default_factory=MemoryCache)
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(verify=_TLS))


class Stage:
    """Applications of one test, and tokens for them."""

    def __init__(self, issuer: LocalIssuer, clock: FrozenClock) -> None:
        self.issuer = issuer
        self.clock = clock
        self.settings = Settings(oidc_issuers=[Issuer(issuer=issuer.issuer, jwks_file=issuer.jwks_file)])

    def application(
        self,
        routers: Sequence[APIRouter],
        permissions: RolePermissions,
        *,
        database: Database | None = None,
        **options: Any,
    ) -> Application:
        runtime = Runtime(self.settings, self.clock, database or Database(NOWHERE))
        return create_application(
            "test", version="1.0.0", routers=routers, runtime=runtime, permissions=permissions, **options
        )

    def client(
        self,
        app: Application,
        role: Role | None = Role.WORKER,
        *,
        subject: str = "worker-1",
        tenant: str = "longxi",
        **headers: str,
    ) -> httpx.AsyncClient:
        """A client that carries a token of this role; without a role, none."""
        if role is not None:
            headers["Authorization"] = f"Bearer {self.issuer.mint(tenant, subject, [role])}"
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://test", headers=headers
        )


@pytest.fixture
def stage(tmp_path: Path, frozen_clock: FrozenClock) -> Stage:
    return Stage(LocalIssuer(tmp_path / "issuer", clock=frozen_clock), frozen_clock)


@pytest.fixture(scope="session")
async def web_template(postgres: str) -> str:
    name = f"longxi_template_web_{os.getpid()}"
    if name in _templates:
        return name
    access = await _provision(postgres, name)

    def migrate(connection: Connection) -> None:
        operations = Operations(MigrationContext.configure(connection))
        web_tables(operations)
        security_tables(operations)
        # Something to change, so that a test sees how often it was.
        operations.execute(
            "CREATE TABLE thing (id uuid PRIMARY KEY, tenant varchar(31) NOT NULL, word text NOT NULL)"
        )
        enable_tenant_isolation(operations, "thing")

    engine = create_async_engine(make_url(access.owner_url).set(drivername="postgresql+asyncpg"))
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()
    _templates.add(name)
    return name


@pytest.fixture
async def web_access(postgres: str, web_template: str, copies: Copies) -> AsyncIterator[Access]:
    """URLs of a database with the tables of idempotency keys and API keys, all of them empty."""

    async def make() -> Access:
        name = f"longxi_test_web_{os.getpid()}_{next(_numbers)}"
        return await _provision(postgres, name, template=web_template)

    access = await copies.take(web_template, make)
    yield access
    await copies.give_back(access)


@pytest.fixture
async def database(web_access: Access) -> AsyncIterator[Database]:
    database = Database(web_access.url, pool=10)
    await database.start()
    yield database
    await database.stop()


async def _provision(admin_url: str, name: str, template: str | None = None) -> Access:
    return await provision_database(
        admin_url, name, role="longxi_webtest", password="test", owner_password="test", template=template
    )


def problem(answer: httpx.Response, status: int, type: str) -> dict[str, Any]:
    """The problem document of an answer, which has to be this one."""
    document: dict[str, Any] = answer.json()
    assert (answer.status_code, document["type"]) == (status, f"urn:longxi:problem:{type}"), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-correlation-id"] == document["correlation"]
    return document
