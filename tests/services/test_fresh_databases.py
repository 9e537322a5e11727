"""Tests share databases, one after the other: each has to find its own as a fresh one is."""

import asyncpg
import pytest

from shared.database.provision import Access
from tests.support.postgres import ServiceDatabases

_CONTENT = """
SELECT (SELECT string_agg(p::text, ' ') FROM outbox_progress AS p), (SELECT string_agg(version_num, ' ') FROM alembic_version),
    (SELECT count(*) FROM resident), (SELECT count(*) FROM outbox), nextval('activity_number')
"""
_EVENT = """
INSERT INTO outbox (position, recorded_at, id, topic, aggregate, sequence, tenant, type, time, correlation, dataschema, data)
SELECT 1, now(), id, 'intake.events', id, 1, 'longxi', 'request.filed', now(), id, 'urn:a', '' FROM gen_random_uuid() AS id
"""


@pytest.fixture
async def used(service_databases: ServiceDatabases) -> Access:
    return await service_databases.access("intake")


def _of_the_administrator(access: Access, postgres: str) -> str:
    return f"{postgres.rsplit('/', 1)[0]}/{access.url.rsplit('/', 1)[1]}"


async def _content(access: Access, postgres: str) -> tuple[object, ...]:
    connection = await asyncpg.connect(_of_the_administrator(access, postgres))
    try:
        return tuple(await connection.fetchrow(_CONTENT))
    finally:
        await connection.close()


async def test_rows_are_as_they_were_whatever_was_written(
    used: Access, service_databases: ServiceDatabases, postgres: str
) -> None:
    before = await _content(used, postgres)
    connection = await asyncpg.connect(_of_the_administrator(used, postgres))
    await connection.execute(_EVENT)
    await connection.execute(
        "UPDATE outbox_progress SET position = position + 7; DELETE FROM alembic_version"
    )
    assert (await _content(used, postgres))[:4] != before[:4]
    await connection.execute("BEGIN; LOCK TABLE request IN ACCESS EXCLUSIVE MODE")
    await service_databases.give_back(used)
    again = await service_databases.access("intake")
    assert again == used
    assert await _content(again, postgres) == before
    await service_databases.give_back(again)
    assert connection.is_closed()


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE planted (a int)",
        "ALTER TABLE request DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE request ADD COLUMN planted int",
        "CREATE INDEX planted ON request (tenant)",
        "GRANT TRUNCATE ON request TO longxi_intake",
    ],
)
async def test_what_is_more_than_rows_is_seen(
    used: Access, service_databases: ServiceDatabases, change: str
) -> None:
    connection = await asyncpg.connect(used.owner_url)
    await connection.execute(change)
    await connection.close()
    await service_databases.give_back(used)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(used.owner_url)
