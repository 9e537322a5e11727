"""Partitions are made ahead and dropped behind, and nothing unsent is ever dropped."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from shared.database import Database, new_id
from shared.database.provision import Access
from shared.messaging.outbox import record
from shared.messaging.partitions import keep_partitions
from tests.support.consumers import bench, everything
from tests.support.messaging import TENANT, envelope, records, withdrawn


async def children(database: Database, parent: str) -> list[str]:
    rows = await database.statement(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::text::regclass ORDER BY 1",
        parent,
    )
    return [row["name"].removeprefix("partitions.") for row in rows]


def day(now: datetime, offset: int) -> str:
    return (now + timedelta(days=offset)).strftime("%Y%m%d")


async def test_days_are_made_ahead_and_dropped_behind(database: Database) -> None:
    now = datetime.now(UTC)
    later = now + timedelta(days=20)
    upkeep = await keep_partitions(database, later, outbox_days=14)
    assert upkeep.made == 16
    names = await children(database, "outbox")
    assert f"outbox_{day(later, 7)}" in names
    assert f"outbox_{day(now, 5)}" not in names
    assert f"outbox_{day(now, 6)}" in names
    assert f"inbox_{day(now, 3)}" not in await children(database, "inbox")
    assert f"inbox_{day(now, 4)}" in await children(database, "inbox")
    assert await keep_partitions(database, later, outbox_days=14) == type(upkeep)(0, 0)


async def test_a_day_with_an_unsent_event_is_kept(database: Database) -> None:
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn())
    later = datetime.now(UTC) + timedelta(days=60)
    await keep_partitions(database, later, outbox_days=14)
    assert len(await everything(database, "outbox")) == 1


async def test_days_that_were_missed_stay_in_the_default_partition_until_they_are_old(
    database: Database, messaging_access: Access
) -> None:
    now = datetime.now(UTC)
    owner = await asyncpg.connect(messaging_access.owner_url)
    await owner.execute(f"DROP TABLE partitions.outbox_{day(now, 0)}")
    await owner.close()
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn())
    await keep_partitions(database, now, outbox_days=14)
    assert f"outbox_{day(now, 0)}" not in await children(database, "outbox")
    await database.statement(
        "WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', '*', true))"
        " UPDATE outbox SET sent_at = now() FROM scope"
    )
    await keep_partitions(database, now + timedelta(days=16), outbox_days=14)
    assert await everything(database, "outbox") == []


async def test_an_event_is_dropped_again_after_its_id_was_trimmed(database: Database) -> None:
    consumer, one = await bench(database), new_id()
    batch = records(envelope(one, 1), envelope(one, 2))
    await consumer.take(batch)
    await keep_partitions(database, datetime.now(UTC) + timedelta(days=60), outbox_days=14)
    assert await everything(database, "inbox") == []
    await consumer.take(batch)
    assert await consumer.effects() == {one: [1, 2]}


async def test_a_long_transaction_makes_upkeep_give_up_rather_than_hold_up_everybody(
    database: Database,
) -> None:
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn())
        with pytest.raises(Exception, match="lock timeout"):
            await keep_partitions(database, datetime.now(UTC) + timedelta(days=60), outbox_days=14)
