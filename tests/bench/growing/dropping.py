"""A day's partitions dropped while requests are filed and published: how long it takes, and what the others notice."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg

from shared.database import Database
from shared.messaging.partitions import keep_partitions
from tests.bench.ground import Ground, MeasuringFailed
from tests.bench.growing.clock import milliseconds
from tests.bench.growing.flowing import side_of
from tests.bench.growing.sizes import Found, Size
from tests.bench.load import Load
from tests.bench.scenarios.filing import report_of

_RATE = 100.0
_SECONDS = 8.0
_OUTBOX_DAYS = 14
_DRAINED_SECONDS = 300
_AGE = "SELECT coalesce(oldest, 0) FROM outbox_backlog()"


async def measure(ground: Ground, sizes: Sequence[Size], found: Found) -> None:
    """Intake's API and worker of every size run. Each round drops one more day."""
    for turn in range(ground.rounds):
        for size in sizes:
            found.times["filing_p99_undisturbed"][size.times].append(await _file(ground, size, None))
            drop = asyncio.create_task(_drop(size, turn, found))
            found.times["filing_p99_while_dropping"][size.times].append(await _file(ground, size, drop))


async def _file(ground: Ground, size: Size, meanwhile: "asyncio.Task[None] | None") -> float:
    side = side_of(size)
    load = Load(side.url, side.residents, side.tokens, _SECONDS, rate=_RATE)
    result = await report_of(await ground.start("load", load.words(ground.folder)))
    if meanwhile is not None:
        await meanwhile
    return result["p99"] * 1000


async def _drop(size: Size, turn: int, found: Found) -> None:
    """In the middle of the load. The service itself does it, with the clock of a later day."""
    await asyncio.sleep(_SECONDS / 2 + 1)
    database = Database(size.community.accesses["intake"].url, pool=2)
    await database.start()
    later = datetime.now(UTC) + timedelta(days=turn + 2)
    async with milliseconds(found.times["partitions_dropped"][size.times]):
        kept = await keep_partitions(database, later, outbox_days=_OUTBOX_DAYS)
    await database.stop()
    if not kept.dropped:
        raise MeasuringFailed("no partition was due")
    await _check_relay(size)


async def _check_relay(size: Size) -> None:
    """The relay goes on: nothing stays unsent for long."""
    await asyncio.sleep(1)
    age = await _unsent_for(size)
    if age > 1:
        raise MeasuringFailed(f"an event was unsent for {age:.1f} s after partitions were dropped")


async def published(size: Size) -> None:
    """Wait until intake has nothing unsent."""
    async with asyncio.timeout(_DRAINED_SECONDS):
        while await _unsent_for(size):  # noqa: ASYNC110 - what is waited for happens in a database
            await asyncio.sleep(0.2)


async def _unsent_for(size: Size) -> float:
    """Age of the oldest unsent event in seconds; 0 where there is none."""
    connection = await asyncpg.connect(size.community.accesses["intake"].url)
    await connection.execute("SELECT set_config('longxi.tenant', '*', false)")
    age: float = await connection.fetchval(_AGE)
    await connection.close()
    return age
