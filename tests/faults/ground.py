"""A platform that is watched over, on servers of its own, reached over links that can break."""

import asyncio
import logging
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.command.connection import Connection
from shared.local.layout import Home
from shared.local.platform import Detour, Platform
from shared.testing.kafka_broker import KafkaBroker
from tests.faults.disk import Disk, may_mount
from tests.faults.mesh import Mesh, Ports
from tests.support.redis import RedisServer

# A message at night waits for the morning, and so would we.
_TENANTS = """
[longxi]
name_zh = "龙溪社区"
name_en = "Longxi"
[longxi.notifications]
quiet_start = 00:00:00
quiet_end = 00:00:00
"""


@dataclass(frozen=True)
class Ground:
    home: Home
    platform: Platform
    mesh: Mesh
    broker: KafkaBroker | None
    """None on the local log."""
    redis: RedisServer | None
    """None where there is no redis-server on the path."""
    disk: Disk | None
    """None where nothing may be mounted."""
    said: list[str] = field(default_factory=list)
    """By the supervisor."""

    @property
    def connection(self) -> Connection:
        """To the APIs and the log themselves, over no link."""
        return Connection.of_home(self.home)

    @property
    def parts(self) -> list[str]:
        there = {"kafka": self.broker, "redis": self.redis}
        return ["postgres", "mail", *(name for name, server in there.items() if server is not None)]


@asynccontextmanager
async def ground(folder: Path, *, kafka: bool) -> AsyncIterator[Ground]:
    """Everything started; stopped in the end. Raises KafkaUnavailable, PlatformFailed."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    home, said = Home(folder / "home"), list[str]()
    async with AsyncExitStack() as open_things:
        disk = None
        if may_mount():
            disk = Disk(home.postgres)
            open_things.callback(disk.close)
        redis = _redis(folder)
        mesh = Mesh(home, kafka=kafka, redis_port=None if redis is None else redis.port)
        if redis is not None:
            await asyncio.to_thread(redis.start)
            open_things.callback(redis.stop)
        await open_things.enter_async_context(mesh)
        broker = await _broker(folder, mesh) if kafka else None
        if broker is not None:
            open_things.push_async_callback(broker.stop)
        servers = broker.bootstrap_servers if broker else None
        platform = await open_things.enter_async_context(running(home, servers, said, mesh.detour))
        yield Ground(home, platform, mesh, broker, redis, disk, said)


@asynccontextmanager
async def running(
    home: Home, servers: str | None, said: list[str], detour: Detour | None = None
) -> AsyncIterator[Platform]:
    """The platform on these brokers (None: on the local log), started and watched over. Raises PlatformFailed."""
    async with AsyncExitStack() as open_things:
        tenants = home.folder.with_name("tenants.toml")
        tenants.write_text(_TENANTS)
        environment = {"KAFKA_BOOTSTRAP_SERVERS": servers, "REDIS_URL": None, "TENANTS_FILE": str(tenants)}
        open_things.enter_context(_environment(environment))
        platform = Platform(home, say=said.append, detour=detour)
        open_things.push_async_callback(asyncio.to_thread, platform.stop)
        await asyncio.to_thread(platform.start)
        watching = asyncio.create_task(platform.watch())
        open_things.push_async_callback(_end, watching)
        yield platform


async def _broker(folder: Path, mesh: Mesh) -> KafkaBroker:
    broker = KafkaBroker(
        folder / "kafka",
        port=mesh.kafka_port,
        controller_port=mesh.controller_port,
        detours=mesh.kafka_detours(),
        short_lived=True,
    )
    await broker.start()
    return broker


def _redis(folder: Path) -> RedisServer | None:
    if shutil.which("redis-server") is None:
        return None
    place = folder / "redis"
    place.mkdir(parents=True, exist_ok=True)
    return RedisServer(place, port=Ports().take())


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    (ended,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended


@contextmanager
def _environment(values: Mapping[str, str | None]) -> Iterator[None]:
    """The platform takes these from the environment, as it does for a developer."""
    before = {name: os.environ.get(name) for name in values}
    _set(values)
    try:
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
