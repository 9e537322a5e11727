"""A real PostgreSQL server for the session, and a fresh migrated database for each test that asks."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from shared.database import Database
from shared.database.migrations import upgrade
from shared.database.provision import Access, provision_database
from shared.local.postgres import PostgresServer
from tests.support.copies import Copies

_numbers = itertools.count(1)
_PASSWORD = "test"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The administrator's URL of a running server: LONGXI_TEST_POSTGRES_URL, else an embedded one."""
    given = os.environ.get("LONGXI_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    server = PostgresServer(Path(tmp_path_factory.mktemp("postgres")), durable=False)
    server.start()
    yield server.url
    server.stop()


class ServiceDatabases:
    """Databases of services as fresh ones are: each a copy of one that was migrated once."""

    def __init__(self, admin_url: str, copies: Copies) -> None:
        self._admin_url = admin_url
        self._templates: dict[str, Access] = {}
        self._copies = copies

    async def access(self, service: str) -> Access:
        template = (await self._template(service)).url.rsplit("/", 1)[-1]

        async def make() -> Access:
            name = f"longxi_test_{service}_{os.getpid()}_{next(_numbers)}"
            return await self._make(service, name, template=template)

        return await self._copies.take(template, make)

    async def _template(self, service: str) -> Access:
        if service not in self._templates:
            access = await self._make(service, f"longxi_template_{service}_{os.getpid()}")
            await asyncio.to_thread(upgrade, service, access.owner_url)
            self._templates[service] = access
        return self._templates[service]

    async def _make(self, service: str, name: str, template: str | None = None) -> Access:
        return await provision_database(
            self._admin_url,
            name,
            role=f"longxi_{service}",
            password=_PASSWORD,
            owner_password=_PASSWORD,
            template=template,
        )

    async def give_back(self, access: Access) -> None:
        await self._copies.give_back(access)

    async def drop(self, access: Access) -> None:
        await self._copies.drop(access)


@pytest.fixture(scope="session")
def copies(postgres: str) -> Copies:
    return Copies(postgres)


@pytest.fixture(scope="session")
def service_databases(postgres: str, copies: Copies) -> ServiceDatabases:
    return ServiceDatabases(postgres, copies)


@pytest.fixture
async def service_access(
    service_databases: ServiceDatabases,
) -> AsyncIterator[Callable[[str], Awaitable[Access]]]:
    """`await service_access("intake")`: the URLs of a fresh, migrated database, given back after the test."""
    made: list[Access] = []

    async def make(service: str) -> Access:
        access = await service_databases.access(service)
        made.append(access)
        return access

    yield make
    for access in made:
        await service_databases.give_back(access)


@pytest.fixture
async def service_database(
    service_access: Callable[[str], Awaitable[Access]],
) -> AsyncIterator[Callable[[str], Awaitable[Database]]]:
    """`await service_database("intake")`: a fresh, migrated database, opened as the service's role."""
    opened: list[Database] = []

    async def make(service: str) -> Database:
        database = Database((await service_access(service)).url, pool=10)
        await database.start()
        opened.append(database)
        return database

    yield make
    for database in opened:
        await database.stop()


@pytest.fixture
async def empty_database(service_databases: ServiceDatabases) -> AsyncIterator[Access]:
    """A database without tables, with a role `longxi_shared` and its owner: for tests of the shared library."""
    access = await service_databases._make("shared", f"longxi_test_shared_{os.getpid()}_{next(_numbers)}")
    yield access
    await service_databases.drop(access)
