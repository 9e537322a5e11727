"""The migrations make what the models say."""

import asyncio
from collections.abc import Awaitable, Callable

from services.casework.main import SERVICE
from shared.database.migrations import drift
from shared.database.provision import Access


async def test_models_and_migrations_agree(service_access: Callable[[str], Awaitable[Access]]) -> None:
    access = await service_access("casework")
    assert await asyncio.to_thread(drift, SERVICE.metadata, access.owner_url) == []
