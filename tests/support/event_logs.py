"""Both event logs, for a behaviour suite that runs on each."""

import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import asyncpg
import pytest

from shared.messaging.local.log import LocalLog
from shared.messaging.log import EventLog, LogOptions, open_log
from shared.testing.kafka_broker import KafkaBroker

_numbers = itertools.count(1)
# A broker that is not ours refuses sessions under six seconds.
SESSION_SECONDS = 6.0 if os.environ.get("KAFKA_BOOTSTRAP_SERVERS") else 1.5
OPTIONS = LogOptions(session_timeout=SESSION_SECONDS, heartbeat=0.2, handover=5, publish_timeout=20)


@dataclass(frozen=True)
class LogPlace:
    """Where a log is; the settings that `open_log` asks for."""

    kafka_bootstrap_servers: str | None
    local_log_url: str | None
    restart: Callable[[], Awaitable[None]]
    """Take its server away and bring it back, with everything in it."""

    @property
    def address(self) -> str:
        return self.kafka_bootstrap_servers or self.local_log_url or ""


@pytest.fixture
async def local_log_url(postgres: str) -> AsyncIterator[str]:
    """An empty database for a local log."""
    name = f"longxi_test_log_{os.getpid()}_{next(_numbers)}"
    admin = await asyncpg.connect(postgres)
    try:
        await admin.execute(f'CREATE DATABASE "{name}"')
        yield f"{postgres.rsplit('/', 1)[0]}/{name}"
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()


@pytest.fixture
async def local_log(local_log_url: str) -> AsyncIterator[LocalLog]:
    """A started local log with nothing in it."""
    log = LocalLog(local_log_url, OPTIONS)
    await log.start()
    yield log
    await log.stop()


@pytest.fixture(params=["local", pytest.param("kafka", marks=pytest.mark.kafka)])
def log_place(request: pytest.FixtureRequest) -> LogPlace:
    if request.param == "kafka":
        servers: str = request.getfixturevalue("kafka")
        return LogPlace(servers, None, lambda: _restart_broker(request))
    url: str = request.getfixturevalue("local_log_url")
    return LogPlace(None, url, lambda: _cut_sessions(url))


@pytest.fixture
async def log(log_place: LogPlace) -> AsyncIterator[EventLog]:
    opened = open_log(log_place, OPTIONS)
    await opened.start()
    yield opened
    await opened.stop()


@pytest.fixture
def topic() -> str:
    """A name that no other test uses; the topic is still to be made."""
    return f"parcel-{os.getpid()}-{next(_numbers)}.events"


async def _restart_broker(request: pytest.FixtureRequest) -> None:
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        pytest.skip("the broker is not ours to restart: unset KAFKA_BOOTSTRAP_SERVERS")
    broker: KafkaBroker = request.getfixturevalue("kafka_broker")
    await broker.stop()
    await broker.start()


async def _cut_sessions(url: str) -> None:
    """As a restart of the server does to its clients."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
