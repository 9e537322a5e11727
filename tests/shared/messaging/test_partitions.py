"""Partitions are made ahead and dropped behind, and nothing unsent is ever dropped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from shared.database import Database, new_id
from shared.database.provision import Access
from shared.messaging.outbox import record
from shared.messaging.partitions import DAYS_AHEAD, Upkeep, keep_partitions
from shared.messaging.replay import Selection, request_replay
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


async def days(database: Database, parent: str, since: datetime) -> set[str]:
    """The partitions of the days from this one on: the database itself may have been made on the day before."""
    named = {name for name in await children(database, parent) if name[-1].isdigit()}
    return {name for name in named if name >= f"{parent}_{day(since, 0)}"}


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
    assert await keep_partitions(database, later, outbox_days=14) == Upkeep(0, 0)


async def test_day_by_day_the_window_moves_along(database: Database) -> None:
    """Each time one day is made and one dropped, and the window is always whole."""
    now = datetime.now(UTC)
    await keep_partitions(database, now, outbox_days=14)
    for passed in range(1, 19):
        today = now + timedelta(days=passed)
        await keep_partitions(database, today, outbox_days=14)
        assert await days(database, "outbox", now) == {
            f"outbox_{day(today, offset)}" for offset in range(max(-14, -passed), DAYS_AHEAD + 1)
        }
        assert await days(database, "inbox", now) == {
            f"inbox_{day(today, offset)}" for offset in range(max(-16, -passed), DAYS_AHEAD + 1)
        }


async def test_an_event_can_be_replayed_on_every_day_of_its_window_and_is_gone_after(
    database: Database,
) -> None:
    now = datetime.now(UTC)
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn())
    await sent(database)
    for passed in (1, 13, 14):
        await keep_partitions(database, now + timedelta(days=passed), outbox_days=14)
        async with database.everywhere() as session:
            assert (await request_replay(session, Selection(from_time=now - timedelta(days=1)))).events == 1
    await keep_partitions(database, now + timedelta(days=15), outbox_days=14)
    assert await everything(database, "outbox") == []


async def test_after_an_outage_of_weeks_one_run_puts_everything_right(database: Database) -> None:
    """Nothing ran for a month: what is recorded at the return has no day of its own, and nothing is lost."""
    now = datetime.now(UTC)
    later = now + timedelta(days=30)
    await keep_partitions(database, now, outbox_days=14)
    consumer, one = await bench(database), new_id()
    await consumer.take(records(envelope(one, 1)))
    before = [
        name
        for parent in ("outbox", "inbox")
        for name in await children(database, parent)
        if name[-1].isdigit()
    ]
    upkeep = await keep_partitions(database, later, outbox_days=14)
    assert upkeep == Upkeep(made=16, dropped=len(before))
    assert {f"outbox_{day(later, offset)}" for offset in range(DAYS_AHEAD + 1)} <= {
        *await children(database, "outbox")
    }
    assert await consumer.effects() == {one: [1]}


async def test_a_day_kept_for_one_unsent_event_keeps_the_others_and_goes_when_it_is_sent(
    database: Database,
) -> None:
    """Its sent rows are not deleted one by one: the day is dropped as a whole."""
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn(), withdrawn())
    await sent(database, "min")
    later = datetime.now(UTC) + timedelta(days=60)
    await keep_partitions(database, later, outbox_days=14)
    assert len(await everything(database, "outbox")) == 2
    await sent(database)
    await keep_partitions(database, later, outbox_days=14)
    assert await everything(database, "outbox") == []


async def test_an_event_that_waits_is_applied_after_its_day_is_dropped(database: Database) -> None:
    consumer, one = await bench(database), new_id()
    await consumer.take(records(envelope(one, 2)))
    await keep_partitions(database, datetime.now(UTC) + timedelta(days=60), outbox_days=14)
    assert await everything(database, "inbox") == []
    await consumer.take(records(envelope(one, 1)))
    await consumer.pass_time(5)
    assert await consumer.effects() == {one: [1, 2]}


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
    await sent(database)
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


async def test_while_a_transaction_writes_for_days_the_coming_days_are_made_and_the_old_ones_wait(
    database: Database,
) -> None:
    """And nobody else waits: others record events meanwhile."""
    later = datetime.now(UTC) + timedelta(days=60)
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn())
        with pytest.raises(Exception, match="lock timeout"):
            await keep_partitions(database, later, outbox_days=14)
        assert f"outbox_{day(later, DAYS_AHEAD)}" in await children(database, "outbox")
        async with database.transaction(TENANT) as other:
            await record(other, withdrawn())
    await sent(database)
    await keep_partitions(database, later, outbox_days=14)
    assert f"outbox_{day(later, -60)}" not in await children(database, "outbox")
    assert await everything(database, "outbox") == []


async def test_while_somebody_reads_for_days_upkeep_gives_up_and_events_are_recorded(
    database: Database,
) -> None:
    now = datetime.now(UTC)
    async with reading(database):
        with pytest.raises(Exception, match="lock timeout"):
            await keep_partitions(database, now + timedelta(days=60), outbox_days=14)
        async with database.transaction(TENANT) as other:
            await record(other, withdrawn())
    assert len(await everything(database, "outbox")) == 1


@asynccontextmanager
async def reading(database: Database) -> AsyncIterator[None]:
    """A transaction that has looked at the whole outbox, as a backup does."""
    connection = await asyncpg.connect(database.url)
    async with connection.transaction():
        await connection.execute("SELECT set_config('longxi.tenant', '*', true)")
        await connection.fetch("SELECT count(*) FROM outbox")
        yield
    await connection.close()


async def sent(database: Database, up_to: str = "max") -> None:
    """Note that the first or all are sent, as the relay does."""
    connection = await asyncpg.connect(database.url)
    async with connection.transaction():
        await connection.execute("SELECT set_config('longxi.tenant', '*', true)")
        last = await connection.fetchval(f"SELECT {up_to}(position) FROM outbox")  # noqa: S608 - a test's own words
        await connection.execute("UPDATE outbox_progress SET position = $1", last)
    await connection.close()
