"""The tables in the database and the ones that the code knows are the same, and no partition can be entered."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import MetaData

from shared.database import Database
from shared.database.migrations import drift
from shared.database.provision import Access
from shared.messaging.migrations import attach
from shared.messaging.outbox import record
from tests.support.messaging import TENANT, withdrawn


async def test_models_and_migration_agree(messaging_access: Access) -> None:
    metadata = MetaData()
    attach(metadata)
    differences = await asyncio.to_thread(drift, metadata, messaging_access.owner_url)
    assert [one for one in differences if "Table('effect'" not in one] == []  # that one is the tests' own


async def test_the_services_role_cannot_reach_around_row_level_security(database: Database) -> None:
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn())
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.statement("SELECT * FROM partitions.outbox_default")
    assert await database.statement("SELECT * FROM outbox") == []
