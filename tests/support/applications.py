"""The real applications of all four services in process, on real databases, for two communities. No worker runs, so
that whatever changes in a table was changed by a call."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from services.casework.main import SERVICE as CASEWORK
from services.employment.main import SERVICE as EMPLOYMENT
from services.intake.main import SERVICE as INTAKE
from services.notifications.main import SERVICE as NOTIFICATIONS
from shared.caching import MemoryCache
from shared.clock import system_clock
from shared.contracts.catalogue import TOPICS
from shared.database import Database, Keyring
from shared.database.provision import Access
from shared.messaging.local.log import LocalLog
from shared.runtime.api import application
from shared.runtime.service import Parts, Runtime, Service
from shared.security import LocalIssuer, Role, ServiceTokens
from shared.settings import Issuer
from shared.tenants import Tenant, Tenants
from shared.web import Application
from tests.support.event_logs import OPTIONS
from tests.support.postgres import ServiceDatabases
from tests.support.voice import Routed

SERVICES: Sequence[Service[Any]] = (INTAKE, CASEWORK, EMPLOYMENT, NOTIFICATIONS)
NAMES = tuple(service.name for service in SERVICES)
FIRST, SECOND = "longxi", "yuhu"
RECEIPTS = "receipts-secret"
_TENANTS = Tenants({FIRST: Tenant(FIRST, "龙溪社区", "Longxi"), SECOND: Tenant(SECOND, "玉湖社区", "Yuhu")})
_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    AND relname <> 'alembic_version'
ORDER BY relname
"""


@dataclass(frozen=True, slots=True)
class Open:
    """One service: its application and its tables."""

    service: Service[Any]
    app: Application
    access: Access
    runtime: Runtime[Any]
    parts: Parts
    admin: asyncpg.Connection
    """Row-level security does not hold it back."""
    http: httpx.AsyncClient

    async def tables(self) -> list[str]:
        return [row["relname"] for row in await self.admin.fetch(_TABLES)]

    async def content(self) -> Mapping[str, tuple[int, str]]:
        """How many rows each table has, and a digest of them."""
        return {
            table: tuple(
                await self.admin.fetchrow(
                    f"SELECT count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM \"{table}\" AS t"  # noqa: S608
                )
            )
            for table in await self.tables()
        }

    async def call(self, method: str, path: str, token: str | None, **more: Any) -> httpx.Response:
        """`more` as httpx takes it."""
        headers = {"X-Purpose": "handle_request", **more.pop("headers", {})}
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {token}")
        return await self.http.request(
            method, f"http://{self.service.name}.test{path}", headers=headers, **more
        )


@dataclass(frozen=True, slots=True)
class Applications:
    open: Mapping[str, Open]
    issuer: LocalIssuer

    def __getitem__(self, service: str) -> Open:
        return self.open[service]

    def token(
        self, *roles: Role, subject: str = "019a0000-0000-7000-8000-00000000000a", tenant: str = FIRST
    ) -> str:
        """With no role named, somebody who may do whatever anybody may."""
        return self.issuer.mint(tenant, subject, roles or tuple(Role))


@pytest.fixture(scope="module")
async def applications(
    service_databases: ServiceDatabases, postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Applications]:
    """All four, with the databases of this module of tests."""
    async with AsyncExitStack() as stack:
        folder = tmp_path_factory.mktemp("applications")
        issuer = LocalIssuer(folder / "issuer")
        routes = Routed()
        http = await stack.enter_async_context(httpx.AsyncClient(transport=routes))
        log = await _log(postgres, stack)
        opened = {}
        for service in SERVICES:
            one = await _open(
                service,
                stack,
                databases=service_databases,
                postgres=postgres,
                issuer=issuer,
                log=log,
                http=http,
                folder=folder,
            )
            routes.apps[f"{service.name}.test"] = one.app
            opened[service.name] = one
        yield Applications(opened, issuer)


async def _log(postgres: str, stack: AsyncExitStack) -> tuple[str, LocalLog]:
    name = f"longxi_test_applications_log_{os.getpid()}"
    admin = await asyncpg.connect(postgres)
    stack.push_async_callback(admin.close)
    await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.execute(f'CREATE DATABASE "{name}"')
    stack.push_async_callback(admin.execute, f'DROP DATABASE "{name}" WITH (FORCE)')
    url = f"{postgres.rsplit('/', 1)[0]}/{name}"
    log = LocalLog(url, OPTIONS)
    await log.start()
    stack.push_async_callback(log.stop)
    await log.ensure_topics(TOPICS, 2)
    return url, log


async def _open(
    service: Service[Any],
    stack: AsyncExitStack,
    *,
    databases: ServiceDatabases,
    postgres: str,
    issuer: LocalIssuer,
    log: tuple[str, LocalLog],
    http: httpx.AsyncClient,
    folder: Path,
) -> Open:
    access = await databases.access(service.name)
    stack.push_async_callback(databases.give_back, access)
    settings = service.settings(
        database_url=access.url,
        local_log_url=log[0],
        oidc_issuers=[Issuer(issuer=issuer.issuer, jwks_file=issuer.jwks_file)],
        service_key_file=issuer.key_file,
        **{f"{name}_url": f"http://{name}.test" for name in NAMES},
        **({"receipts_secret": RECEIPTS} if service.name == "notifications" else {}),
        **({"attachments_folder": folder / "attachments"} if service.name == "intake" else {}),
    )
    database = Database(access.url, pool=5, application=f"longxi-{service.name}")
    await database.start()
    stack.push_async_callback(database.stop)
    keys = folder / f"{service.name}-keys.json"
    Keyring.write_new(keys)
    runtime: Runtime[Any] = Runtime(
        settings=settings,
        clock=system_clock,
        tenants=_TENANTS,
        database=database,
        log=log[1],
        cache=MemoryCache(),
        tokens=ServiceTokens(settings, clock=system_clock, subject=service.name),
        http=http,
        keyring=Keyring.load(keys),
    )
    parts = service.build(runtime)
    app = application(service, runtime, parts)
    await stack.enter_async_context(app.router.lifespan_context(app))
    admin = await asyncpg.connect(f"{postgres.rsplit('/', 1)[0]}/{access.url.rsplit('/', 1)[1]}")
    stack.push_async_callback(admin.close)
    return Open(service, app, access, runtime, parts, admin, http)
