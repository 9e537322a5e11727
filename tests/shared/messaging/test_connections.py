"""Connections are kept, and one that was lost meanwhile is replaced before anybody is given it."""

from sqlalchemy import text

from shared.database import Database
from shared.database.provision import Access
from tests.support.messaging import TENANT


async def test_a_connection_lost_while_unused_is_replaced(messaging_access: Access) -> None:
    database, other = Database(messaging_access.url, pool=2), Database(messaging_access.url)
    await database.start()
    await other.start()
    async with database.transaction(TENANT) as session:
        before = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    await other.statement("SELECT pg_terminate_backend($1, 10000)", before)
    async with database.transaction(TENANT) as session:
        assert (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one() != before
    await database.stop()
    await other.stop()


async def test_a_connection_in_use_is_given_out_again_as_it_is(messaging_access: Access) -> None:
    database = Database(messaging_access.url, pool=2)
    await database.start()
    backends = set()
    for _ in range(3):
        async with database.transaction(TENANT) as session:
            backends.add((await session.execute(text("SELECT pg_backend_pid()"))).scalar_one())
    assert len(backends) == 1
    await database.stop()


async def test_a_transaction_without_scope_sees_nothing(database: Database) -> None:
    async with database.everywhere() as session:
        await session.execute(text("INSERT INTO inbox_topic VALUES ('one', 'topic', now())"))
    async with database.unscoped() as session:
        assert (await session.execute(text("SELECT count(*) FROM inbox_topic"))).scalar_one() == 0


async def test_a_transaction_has_the_scope_that_it_was_opened_with(messaging_access: Access) -> None:
    """Also one that is opened within another, and one on a connection that another community's transaction had."""
    database = Database(messaging_access.url, pool=2)
    await database.start()
    scope = text("SELECT current_setting('longxi.tenant', true)")
    for _ in range(2):
        for tenant in (TENANT, "o'brien", "*"):
            async with database.transaction(tenant) as outer, database.transaction("inner") as inner:
                assert (await outer.execute(scope)).scalar_one() == tenant
                assert (await inner.execute(scope)).scalar_one() == "inner"
        async with database.unscoped() as session:
            assert not (await session.execute(scope)).scalar_one()
    await database.stop()
