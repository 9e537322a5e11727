"""A database that has the table of leases."""

from collections.abc import AsyncIterator

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, pool
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from shared.database import Database
from shared.database.provision import Access
from shared.jobs.migrations import jobs_tables


def _migrate(connection: Connection) -> None:
    jobs_tables(Operations(MigrationContext.configure(connection)))


@pytest.fixture
async def jobs_access(empty_database: Access) -> Access:
    url = make_url(empty_database.owner_url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_migrate)
    await engine.dispose()
    return empty_database


@pytest.fixture
async def database(jobs_access: Access) -> AsyncIterator[Database]:
    opened = Database(jobs_access.url, pool=10)
    await opened.start()
    yield opened
    await opened.stop()
