"""Where the example keeps what it has: SQLite, or PostgreSQL, with the same SQL.

Everything about one batch of records happens in one transaction: what is known of each subject, the effects, and what
waits. So it is all there or not at all, whenever the process dies.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import asyncpg

TABLES = """
CREATE TABLE IF NOT EXISTS stream (
    topic TEXT NOT NULL, subject TEXT NOT NULL, sequence BIGINT NOT NULL, PRIMARY KEY (topic, subject)
);
CREATE TABLE IF NOT EXISTS applied (
    place {identity}, id TEXT NOT NULL UNIQUE, topic TEXT NOT NULL, subject TEXT NOT NULL, sequence BIGINT NOT NULL,
    type TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS waiting (
    topic TEXT NOT NULL, subject TEXT NOT NULL, sequence BIGINT NOT NULL, event TEXT NOT NULL,
    PRIMARY KEY (topic, subject, sequence)
);
CREATE TABLE IF NOT EXISTS missing (
    topic TEXT NOT NULL, subject TEXT NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL, open BIGINT NOT NULL,
    asked BIGINT NOT NULL, next_ask DOUBLE PRECISION NOT NULL, PRIMARY KEY (topic, subject, first, last)
);
CREATE TABLE IF NOT EXISTS refused (
    topic TEXT NOT NULL, whose TEXT NOT NULL, number BIGINT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (topic, whose, number)
);
CREATE TABLE IF NOT EXISTS request (
    request TEXT PRIMARY KEY, tenant TEXT NOT NULL, state TEXT NOT NULL, due TEXT, moves BIGINT NOT NULL
);
"""


class Transaction(Protocol):
    async def rows(self, sql: str, *values: Any) -> Sequence[Sequence[Any]]:
        """What the statement gives, `$1`, `$2` … standing for the values."""
        ...


class Store(Protocol):
    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Committed at the end, rolled back by an exception."""
        ...

    async def close(self) -> None: ...


async def open_store(url: str) -> Store:
    """`sqlite:///district.db` or `postgresql://user:password@host/database`; makes the tables unless they are there."""
    if url.startswith("sqlite:///"):
        return Sqlite(url.removeprefix("sqlite:///"))
    pool = await asyncpg.create_pool(url, min_size=1, max_size=4)
    async with pool.acquire() as connection:
        await connection.execute(TABLES.format(identity="BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"))
    return Postgres(pool)


class Sqlite:
    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.executescript(TABLES.format(identity="INTEGER PRIMARY KEY AUTOINCREMENT"))
        self._free = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._free:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield _SqliteTransaction(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    async def close(self) -> None:
        self._connection.close()


class _SqliteTransaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def rows(self, sql: str, *values: Any) -> Sequence[Sequence[Any]]:
        # SQLite takes `$1` as a name.
        named = {str(number): value for number, value in enumerate(values, start=1)}
        return self._connection.execute(sql, named).fetchall()


class Postgres:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._pool.acquire() as connection, connection.transaction():
            yield _PostgresTransaction(connection)

    async def close(self) -> None:
        await self._pool.close()


class _PostgresTransaction:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def rows(self, sql: str, *values: Any) -> Sequence[Sequence[Any]]:
        return [tuple(row) for row in await self._connection.fetch(sql, *values)]
