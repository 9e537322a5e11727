"""Alembic, one history for each service, run by `python -m services.<name> migrate`.

A service's `migrations/env.py` calls `run_env` with its metadata; `versions/` holds the steps. Migrations run as
the owner of the tables, which the service's own role is not, so that row-level security holds for it.
"""

import asyncio
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

_T = TypeVar("_T")
_LOCK = 0x6C6F6E677869  # any fixed number: two migrations of one database at once wait for each other


def upgrade(service: str, owner_url: str, revision: str = "head") -> None:
    """Bring the service's database to a revision. Safe to run at the same time from several places."""
    _with_connection(owner_url, lambda connection: _upgrade(service, connection, revision))


def revision(service: str, owner_url: str) -> str | None:
    """The revision that the database is at."""
    return _with_connection(
        owner_url, lambda connection: MigrationContext.configure(connection).get_current_revision()
    )


def drift(metadata: MetaData, owner_url: str) -> list[str]:
    """What differs between the models and a migrated database, one line each."""
    return _with_connection(owner_url, lambda connection: _differences(connection, metadata))


def run_env(metadata: MetaData) -> None:
    """The whole of an `env.py`: run the steps on the connection that `upgrade` has opened."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def _upgrade(service: str, connection: Connection, revision: str) -> None:
    package = importlib.import_module(f"services.{service}")
    config = Config()
    config.set_main_option("script_location", str(Path(package.__path__[0]) / "migrations"))
    config.attributes["connection"] = connection
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
    connection.commit()
    try:
        command.upgrade(config, revision)
        connection.commit()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
        connection.commit()


def _differences(connection: Connection, metadata: MetaData) -> list[str]:
    partitions = set(connection.scalars(text("SELECT relname FROM pg_class WHERE relispartition")))

    def ours(_object: Any, name: str | None, kind: str, *_: Any) -> bool:
        return not (kind == "table" and name in partitions)

    migration = MigrationContext.configure(
        connection, opts={"include_object": ours, "compare_type": True, "target_metadata": metadata}
    )
    return [str(difference) for difference in compare_metadata(migration, metadata)]


def _with_connection(url: str, work: Callable[[Connection], _T]) -> _T:
    async def run() -> _T:
        engine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"), poolclass=pool.NullPool
        )
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    return asyncio.run(run())
