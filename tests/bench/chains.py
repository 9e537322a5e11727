"""Chains of processes from a commit to the effect that follows: ours of one hop, bare ones of one or two."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import UUID

import asyncpg
import orjson

from shared.contracts.intake import RequestWithdrawn
from shared.database import Database, new_id
from shared.database.provision import Access
from shared.messaging.outbox import record
from tests.bench.bare.tables import RECORD
from tests.bench.bare.tables import make_tables as make_bare_tables
from tests.bench.ground import Child, Ground, MeasuringFailed
from tests.support.messaging import TENANT, make_tables

_ARRIVED_SECONDS = 120.0  # for a group to form, a relay to listen and the last event to have its effect
_WARM = 200
_WARM_RATE = 50.0  # at least
_ARRIVED = "SELECT count(*) FROM effect WHERE aggregate = ANY($1::text[]::uuid[])"
Commit = Callable[[UUID], Awaitable[None]]
"""Commit an event about this subject."""


async def our_chain(
    ground: Ground, events: int, rate: float, *, between: tuple[Access, Access] | None = None
) -> Sequence[float]:
    """Seconds from each commit to its effect, on the real outbox, relay and inbox; `between` fresh tables, or these."""
    if between is None:
        between = await ground.database(), await ground.database()
        for access in between:
            await make_tables(access)
    here, there = between
    topic = RequestWithdrawn.topic()
    relay = await ground.task(here.url, topic)
    inbox = await ground.task(there.url, topic, group=ground.new_name("group"))
    database = Database(here.url, pool=2)
    await database.start()

    async def commit(subject: UUID) -> None:
        async with database.transaction(TENANT) as session:
            await record(session, RequestWithdrawn(request=subject, resident=subject))

    children = [
        await ground.start("ours.relay", relay.words()),
        await ground.start("ours.inbox", inbox.words()),
    ]
    taken = await _follow(children, commit, events, rate, ground.admin_url(there))
    await database.stop()
    return taken


async def bare_chain(ground: Ground, events: int, rate: float, *, hops: int = 1) -> Sequence[float]:
    """The same with bare relays and bare inboxes; each hop records the event of the next one."""
    accesses = [await ground.database() for _ in range(hops + 1)]
    databases = [access.owner_url for access in accesses]
    topics = [ground.new_name("hop") for _ in range(hops)]
    children: list[Child] = []
    for database in databases:
        await make_bare_tables(database)
    for hop, topic in enumerate(topics):
        last = hop == hops - 1
        relay = await ground.task(databases[hop], topic)
        inbox = await ground.task(
            databases[hop + 1],
            topic,
            group=ground.new_name("group"),
            forward=None if last else topics[hop + 1],
        )
        children.append(await ground.start("bare.relay", relay.words()))
        children.append(await ground.start("bare.inbox", inbox.words()))
    connection = await asyncpg.connect(databases[0])

    async def commit(subject: UUID) -> None:
        data = orjson.dumps({"request": str(subject), "resident": str(subject)})
        async with connection.transaction():
            await connection.execute(RECORD, [new_id()], [subject], ["request.withdrawn"], [data])
            await connection.execute("SELECT pg_notify('outbox', '')")

    taken = await _follow(children, commit, events, rate, ground.admin_url(accesses[-1]))
    await connection.close()
    return taken


async def _follow(
    children: Sequence[Child], commit: Commit, events: int, rate: float, effects: str
) -> Sequence[float]:
    """The last child is the one that has the effect, in the database `effects`."""
    for child in children:
        await child.started()
    connection = await asyncpg.connect(effects)
    # The first of all waits for a group to form, and the first of many for what is compiled when it is used.
    await _arrived(connection, await _emit(commit, _WARM, max(rate, _WARM_RATE)))
    committed = await _emit(commit, events, rate)
    await _arrived(connection, committed)
    await connection.close()
    reports = [await child.stop() for child in children]
    seen = reports[-1]["seen"]
    return [seen[subject] - at for subject, at in committed.items()]


async def _arrived(connection: "asyncpg.Connection[asyncpg.Record]", committed: Iterable[str]) -> None:
    subjects = list(committed)
    deadline = time.monotonic() + _ARRIVED_SECONDS
    while (found := await connection.fetchval(_ARRIVED, subjects)) < len(subjects):
        if time.monotonic() > deadline:
            raise MeasuringFailed(f"{len(subjects) - found} of {len(subjects)} events had no effect in time")
        await asyncio.sleep(0.2)


async def _emit(commit: Commit, events: int, rate: float) -> dict[str, float]:
    """When each subject's event was committed, by the clock of this machine."""
    committed: dict[str, float] = {}
    started = time.perf_counter()
    for number in range(events):
        await asyncio.sleep(max(started + number / rate - time.perf_counter(), 0))
        subject = new_id()
        await commit(subject)
        committed[str(subject)] = time.time()
    return committed
