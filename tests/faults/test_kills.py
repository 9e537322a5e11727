"""Nothing is lost, doubled or mixed up when processes die: the short run, on each event log."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from shared.command.connection import Connection
from shared.command.events import log_of
from shared.local.layout import Home
from shared.local.platform import Platform
from shared.messaging.log import EventLog, LogUnavailable
from tests.faults.checker import violations
from tests.faults.collecting import collect, unfinished
from tests.faults.storm import Storm

SEED = int(os.environ.get("LONGXI_FAULTS_SEED", "20261124"))
REQUESTS, KILLS = 300, 24
_REST_SECONDS = 150.0
"""A killed sender's messages wait for their lease of a minute."""


@pytest.fixture(params=["local", pytest.param("kafka", marks=pytest.mark.kafka)])
def log_environment(request: pytest.FixtureRequest) -> Iterator[None]:
    """The platform takes the log from the environment, as it does for a developer."""
    if request.param == "kafka" and os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        pytest.skip(
            "topics of a broker that is not ours may hold other runs' events: unset KAFKA_BOOTSTRAP_SERVERS"
        )
    servers: str | None = request.getfixturevalue("kafka") if request.param == "kafka" else None
    with pytest.MonkeyPatch.context() as environment:
        for name in ("KAFKA_BOOTSTRAP_SERVERS", "REDIS_URL"):
            environment.delenv(name, raising=False)
        if servers:
            environment.setenv("KAFKA_BOOTSTRAP_SERVERS", servers)
        yield


@asynccontextmanager
async def running(home: Home) -> AsyncIterator[Platform]:
    """A platform that is watched over, without the sample community."""
    said: list[str] = []
    platform = Platform(home, say=said.append)
    watching: asyncio.Task[None] | None = None
    try:
        await asyncio.to_thread(platform.start)
        watching = asyncio.create_task(platform.watch())
        yield platform
    finally:
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        await asyncio.to_thread(platform.stop)


async def at_rest(home: Home, log: EventLog) -> None:
    """Until nothing is left to do. A process may just be on its way up, and the log with it."""
    deadline, left = time.monotonic() + _REST_SECONDS, dict[str, int]()
    while True:
        with suppress(OSError, LogUnavailable, asyncpg.PostgresError):
            left = dict(await unfinished(home, log))
            if not left:
                return
        assert time.monotonic() < deadline, f"after {_REST_SECONDS:.0f} s there is still to do: {left}"
        await asyncio.sleep(0.2)


@pytest.mark.timeout(420)
@pytest.mark.usefixtures("log_environment")
async def test_every_promise_holds_after_many_kills(tmp_path: Path) -> None:
    """Guards docs/invariants/nothing-is-lost-when-a-process-dies.md. LONGXI_FAULTS_SEED chooses other moments."""
    home = Home(tmp_path / "home")
    async with running(home) as platform:
        connection = Connection.of_home(home)
        storm = Storm(platform, connection, seed=SEED, requests=REQUESTS, kills=KILLS)
        residents = await storm.people()
        began = time.monotonic()
        await storm.blow(residents)
        blown = time.monotonic()
        log = log_of(connection)
        await log.start()
        try:
            await at_rest(home, log)
            rested = time.monotonic()
            state = await collect(home, log)
        finally:
            await log.stop()

    print(
        f"seed {SEED}: {len(storm.killed)} kills in {blown - began:.0f} s, at rest {rested - blown:.0f} s later,"
        f" {len(state.recorded)} events"
    )
    assert len(storm.killed) >= 20
    assert len(Counter(storm.killed)) >= 5, "kills of all kinds of processes"
    assert len(storm.history.acknowledged) == REQUESTS, "every client was answered in the end"
    found = violations(storm.history, state)
    assert not found, f"seed {SEED}, killed {storm.killed}:\n" + "\n".join(found[:40])
