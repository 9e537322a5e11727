"""The tables of idempotency keys and API keys: as the models say, and closed to other communities."""

import asyncio

import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.exc import DBAPIError

from shared.database import NAMING, Database
from shared.database.migrations import drift
from shared.database.provision import Access
from shared.security import migrations as security
from shared.web import migrations as web


async def test_models_and_migrations_agree(web_access: Access) -> None:
    metadata = MetaData(naming_convention=NAMING)
    for part in (web, security):
        part.attach(metadata)
        part.attach(metadata)  # twice does no harm
    differences = await asyncio.to_thread(drift, metadata, web_access.owner_url)
    assert [line for line in differences if "'thing'" not in line] == []


ROW = "INSERT INTO idempotency_key (principal, key, fingerprint, created_at) VALUES ('p', 'k', '', now())"
FOREIGN = ROW.replace("(principal", "(tenant, principal").replace("('p'", "('yuhu', 'p'")


async def test_a_community_sees_its_own_keys_only(database: Database) -> None:
    async with database.transaction("longxi") as session:
        await session.execute(text(ROW))
    for tenant, count in (("longxi", 1), ("yuhu", 0), ("*", 1)):
        async with database.transaction(tenant) as session:
            found = await session.execute(text("SELECT count(*) FROM idempotency_key"))
            assert found.scalar_one() == count


async def test_a_community_writes_its_own_keys_only(database: Database) -> None:
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.transaction("longxi") as session:
            await session.execute(text(FOREIGN))
