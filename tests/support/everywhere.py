"""All that a running platform holds and says, as octets with the name of the place: nothing is left out by a list, so
that a new table or topic is looked at from its first day."""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
from redis.asyncio import Redis

from shared.caching import MemoryCache
from shared.observing import metrics
from tests.support.evidence import records
from tests.support.platform import Platform
from tests.support.spans import Collector

Piece = tuple[str, bytes]
_RELATIONS = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm', 'f') AND NOT relispartition ORDER BY relname
"""


async def everything(platform: Platform, collector: Collector, log: str, calls: list[Piece]) -> list[Piece]:
    """By place: `table intake.request.state`, `topic intake.events`, `redis`, `cache of intake` …"""
    return [
        *[piece async for piece in tables(platform)],
        *[piece async for piece in topics(platform)],
        *[piece async for piece in in_redis(platform)],
        *in_memory(platform),
        *[("log", line.encode()) for line in log.splitlines()],
        *[("database server's log", text) for text in await server_logs(platform)],
        ("metrics", metrics.exposition()[0]),
        *[("traces", request.SerializeToString()) for request in collector.requests],
        *calls,
    ]


async def tables(platform: Platform) -> AsyncIterator[Piece]:
    for name, running in platform.running.items():
        async for piece in _columns(running.admin, name):
            yield piece
    if platform.ground.local_log_url is not None:
        database = platform.ground.local_log_url.rsplit("/", 1)[1]
        admin = await asyncpg.connect(f"{platform.ground.admin_url.rsplit('/', 1)[0]}/{database}")
        try:
            async for piece in _columns(admin, "log"):
                yield piece
        finally:
            await admin.close()


async def _columns(admin: asyncpg.Connection, database: str) -> AsyncIterator[Piece]:
    for relation in await admin.fetch(_RELATIONS):
        table = relation["relname"]
        for row in await admin.fetch(f'SELECT * FROM "{table}"'):  # noqa: S608 - a name from the catalogue
            for column, value in row.items():
                if value is not None:
                    yield f"table {database}.{table}.{column}", octets(value)


async def topics(platform: Platform) -> AsyncIterator[Piece]:
    for record in await records(platform):
        place = f"topic {record.topic}"
        yield place, record.value
        yield place, record.key or b""
        for name, value in record.headers:
            yield place, name.encode() + b": " + value


async def in_redis(platform: Platform) -> AsyncIterator[Piece]:
    if platform.ground.redis_url is None:
        return
    async with Redis.from_url(platform.ground.redis_url) as redis:
        async for key in redis.scan_iter():
            yield "redis", key
            match octets(await redis.type(key)).decode():
                case "string":
                    value: Any = await redis.get(key)
                case "hash":
                    value = await redis.hgetall(key)
                case "list":
                    value = await redis.lrange(key, 0, -1)
                case "set":
                    value = await redis.smembers(key)
                case "zset":
                    value = await redis.zrange(key, 0, -1)
                case "stream":
                    value = await redis.xrange(key)
                case other:
                    assert other == "none", f"look into {other} too"
                    continue
            yield "redis", octets(value)


def in_memory(platform: Platform) -> Iterator[Piece]:
    for name, running in platform.running.items():
        if isinstance(running.runtime.cache, MemoryCache):
            for entry, kept in running.runtime.cache._kept.items():
                yield f"cache of {name}", octets([*entry, kept.value, *kept.tags])


async def server_logs(platform: Platform) -> list[bytes]:
    """What PostgreSQL itself wrote down of the statements it refused."""
    admin = next(iter(platform.running.values())).admin
    folder = Path(await admin.fetchval("SHOW data_directory")).parent
    if not os.access(folder, os.R_OK):
        return []
    return [file.read_bytes() for file in folder.rglob("*.log")]


def octets(value: Any) -> bytes:
    """A value with all that is within it, as UTF-8."""
    match value:
        case bytes() | bytearray() | memoryview():
            return bytes(value)
        case Mapping():
            return b"\n".join(octets(key) + b": " + octets(item) for key, item in value.items())
        case list() | tuple() | set() | frozenset():
            return b"\n".join(octets(item) for item in value)
    return str(value).encode("utf-8", "surrogateescape")


__all__ = ["Piece", "everything", "octets"]
