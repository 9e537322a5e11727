"""Models and migrations agree: a migrated database has exactly the tables that the code speaks of."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from shared.contracts.catalogue import SERVICES
from shared.database.migrations import drift
from shared.database.provision import Access


@pytest.mark.parametrize("service", SERVICES)
async def test_migrations_make_what_the_models_say(
    service: str, service_access: Callable[[str], Awaitable[Access]]
) -> None:
    access = await service_access(service)
    metadata = importlib.import_module(f"services.{service}.main").SERVICE.metadata
    assert await asyncio.to_thread(drift, metadata, access.owner_url) == []


@pytest.mark.parametrize("service", SERVICES)
async def test_every_table_has_row_level_security(
    service: str, service_access: Callable[[str], Awaitable[Access]]
) -> None:
    """Guards docs/invariants/tenants-are-kept-apart.md."""
    access = await service_access(service)
    connection = await asyncpg.connect(access.owner_url)
    try:
        open_tables = await connection.fetch(
            """
            SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE nspname = 'public' AND relkind IN ('r', 'p') AND NOT relispartition
              AND NOT (relrowsecurity AND relforcerowsecurity) AND relname <> 'alembic_version'
            """
        )
        assert [row["relname"] for row in open_tables] == []
        role = await connection.fetchrow(
            "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = $1", f"longxi_{service}"
        )
        assert role is not None
        assert not role["rolsuper"]
        assert not role["rolbypassrls"]
    finally:
        await connection.close()
