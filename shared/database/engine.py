"""Transactions. Each belongs to one tenant, and row-level security shows it nothing of any other.

The scope is the setting `longxi.tenant` of the transaction. Without it a query sees no row, so a forgotten scope
leaks nothing. Infrastructure tables (outbox, inbox, leases) also open to the scope `*`, which only the relay, the
inbox and jobs use.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from shared.database.beginning import BeginningConnection, begin_at_checkout, scoped
from shared.database.noticing import Connection

EVERYWHERE = "*"
_SCOPE = "SELECT set_config('longxi.tenant', $1, true)"
# The plans of short statements gain nothing from JIT, and compiling them costs more than running them.
_SERVER_SETTINGS = {"jit": "off", "timezone": "UTC"}


async def scope(session: AsyncSession, tenant: str) -> None:
    """Make the running transaction one of this tenant."""
    await (await session.connection()).exec_driver_sql(_SCOPE, (tenant,))
    note_scope(session, tenant)


def note_scope(session: AsyncSession, tenant: str) -> None:
    """The transaction is one of this tenant already: a statement or a rollback to a savepoint has made it so."""
    session.info["tenant"] = tenant


def scope_of(session: AsyncSession) -> str:
    """The tenant of the running transaction. Raises LookupError where none was set."""
    tenant = session.info.get("tenant")
    if not isinstance(tenant, str):
        raise LookupError("the transaction has no tenant; open it with Database.transaction")
    return tenant


class Database:
    """A service's own database. `url` is `postgresql://role:password@host:port/name`."""

    def __init__(self, url: str, *, pool: int = 10, application: str = "longxi") -> None:
        self.url = url
        self._settings = {**_SERVER_SETTINGS, "application_name": application}
        self._pool_size = pool
        self._engine: AsyncEngine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            pool_size=pool,
            max_overflow=0,
            pool_recycle=1800,
            # The one that was used last goes first: few of them prepare every statement, and keep it.
            pool_use_lifo=True,
            # An error message would quote what people wrote.
            hide_parameters=True,
            connect_args={
                "server_settings": self._settings,
                "timeout": 10,
                "connection_class": BeginningConnection,
            },
        )
        begin_at_checkout(self._engine)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def start(self) -> None:
        """Open the pool for single statements; the rest connects when it is first used."""
        self._pool = await asyncpg.create_pool(
            self.url,
            min_size=0,
            max_size=self._pool_size,
            server_settings=self._settings,
            timeout=10,
            connection_class=Connection,
            # Nothing outlives a statement here (settings are local to it), and a reset is one more round trip.
            reset=_keep,
        )

    async def stop(self) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[AsyncSession]:
        """One transaction of one tenant, committed at the end of the block and rolled back on any error."""
        async with self._sessions() as session, session.begin():
            with scoped(tenant) as beginning:
                await session.connection()
            if beginning.done:
                note_scope(session, tenant)
            else:
                await scope(session, tenant)
            yield session

    @asynccontextmanager
    async def everywhere(self) -> AsyncIterator[AsyncSession]:
        """A transaction over the infrastructure tables of all tenants. Business tables stay closed to it."""
        async with self.transaction(EVERYWHERE) as session:
            yield session

    @asynccontextmanager
    async def unscoped(self) -> AsyncIterator[AsyncSession]:
        """A transaction that sees no row until its first statement has set the scope itself, which saves a round trip.

        Whoever runs that statement tells the session by `note_scope`.
        """
        async with self._sessions() as session, session.begin():
            yield session

    async def statement(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """One statement in a transaction of its own, in one round trip.

        It has to set its own scope before it touches a table: a materialised CTE with
        `set_config('longxi.tenant', $1, true)` that the rest selects from.
        """
        if self._pool is None:
            raise RuntimeError("Database.start has not been called")
        async with self._pool.acquire() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
            return rows

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection of the caller's own, outside the pools: for LISTEN and advisory locks."""
        return await asyncpg.connect(
            self.url, server_settings=self._settings, timeout=10, connection_class=Connection
        )

    async def ping(self) -> None:
        """Raises whatever keeps the database from answering."""
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))


async def _keep(_connection: Any) -> None:
    return None
