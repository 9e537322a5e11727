"""The migrations make what the models say."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from services.notifications.main import SERVICE
from shared.database.migrations import drift
from shared.database.provision import Access


async def test_models_and_migrations_agree(service_access: Callable[[str], Awaitable[Access]]) -> None:
    access = await service_access("notifications")
    assert await asyncio.to_thread(drift, SERVICE.metadata, access.owner_url) == []


async def test_a_foreign_key_has_an_index_that_does_not_begin_with_the_tenant(
    service_access: Callable[[str], Awaitable[Access]],
) -> None:
    """The database's own statements for a cascade bypass its policies, and look for the key alone."""
    connection = await asyncpg.connect((await service_access("notifications")).owner_url)
    try:
        without = await connection.fetch(
            """
            SELECT conname FROM pg_constraint WHERE contype = 'f' AND NOT EXISTS (
                SELECT FROM pg_index WHERE indrelid = conrelid AND indkey[0] = conkey[1] AND indpred IS NULL
            )
            """
        )
    finally:
        await connection.close()
    assert [key["conname"] for key in without] == []
