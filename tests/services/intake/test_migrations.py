"""The migrations make what the models say."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import asyncpg

from services.intake.main import SERVICE
from services.intake.requests.tables import RESTING
from shared.database.migrations import drift
from shared.database.provision import Access


async def test_models_and_migrations_agree(service_access: Callable[[str], Awaitable[Access]]) -> None:
    access = await service_access("intake")
    assert await asyncio.to_thread(drift, SERVICE.metadata, access.owner_url) == []


async def test_indexes_of_unfinished_requests_are_of_what_lists_ask_for(
    service_access: Callable[[str], Awaitable[Access]],
) -> None:
    """A comparison of models and migrations does not look at what an index leaves out."""
    access = await service_access("intake")
    connection = await asyncpg.connect(access.owner_url)
    try:
        found = await connection.fetch(
            "SELECT pg_get_expr(indpred, indrelid) AS without FROM pg_index JOIN pg_class ON oid = indexrelid"
            " WHERE relname LIKE 'ix_request_unfinished_%'"
        )
    finally:
        await connection.close()
    left_out = [set(re.findall(r"'(\w+)'", row["without"])) for row in found]
    assert left_out == [set(map(str, RESTING))] * 2


async def test_every_table_keeps_communities_apart(
    service_access: Callable[[str], Awaitable[Access]],
) -> None:
    access = await service_access("intake")
    connection = await asyncpg.connect(access.owner_url)
    try:
        open_tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT (relrowsecurity AND relforcerowsecurity) AND relname <> 'alembic_version'"
        )
    finally:
        await connection.close()
    assert {row["relname"] for row in open_tables} <= {"job_lease"}
