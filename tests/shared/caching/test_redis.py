"""Redis is shared by all processes, and with Redis away everything works, slower."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from shared.caching.circuit import Circuit
from shared.caching.redis import RedisCache
from shared.retrying import Backoff
from tests.support.redis import RedisServer

pytestmark = pytest.mark.redis

MINUTE = timedelta(minutes=1)
TIMEOUT = timedelta(milliseconds=200)
Open = Callable[[str], RedisCache]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    caches: list[RedisCache] = []

    def make(url: str) -> RedisCache:
        circuit = Circuit(schedule=Backoff(timedelta(milliseconds=100), factor=1))
        caches.append(RedisCache(url, timeout=TIMEOUT, circuit=circuit))
        return caches[-1]

    yield make
    for cache in caches:
        await cache.close()


@pytest.fixture
def tenant() -> str:
    return f"t-{uuid4().hex[:12]}"


async def test_two_processes_load_once(opened: Open, redis_url: str, tenant: str) -> None:
    calls = 0

    async def load() -> bytes:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.1)
        return b"loaded"

    processes = [opened(redis_url) for _ in range(5)]
    asked = [process.get_or_load("n", tenant, "k", MINUTE, load) for process in processes]
    assert await asyncio.gather(*asked) == [b"loaded"] * 5
    assert calls == 1


async def test_a_loader_that_fails_leaves_the_way_free(opened: Open, redis_url: str, tenant: str) -> None:
    one, two = opened(redis_url), opened(redis_url)

    async def fails() -> bytes:
        await asyncio.sleep(0.05)
        raise LookupError

    async def loads() -> bytes:
        return b"loaded"

    failing = asyncio.create_task(one.get_or_load("n", tenant, "k", MINUTE, fails))
    await asyncio.sleep(0.02)
    started = time.monotonic()
    assert await two.get_or_load("n", tenant, "k", MINUTE, loads) == b"loaded"
    assert time.monotonic() - started < 1
    with pytest.raises(LookupError):
        await failing


@pytest.mark.parametrize("how", ["by name", "by tag"])
async def test_a_drop_in_one_process_reaches_a_load_in_another(
    opened: Open, redis_url: str, tenant: str, how: str
) -> None:
    loader, dropper = opened(redis_url), opened(redis_url)
    loading, finish = asyncio.Event(), asyncio.Event()

    async def load() -> bytes:
        loading.set()
        await finish.wait()
        return b"old"

    task = asyncio.create_task(loader.get_or_load("n", tenant, "k", MINUTE, load, tags=["t"]))
    await loading.wait()
    if how == "by tag":
        await dropper.drop_tag(tenant, "t")
    else:
        await dropper.drop(namespace="n", tenant=tenant, key="k")
    finish.set()
    assert await task == b"old"
    assert await loader.get("n", tenant, "k") is None


async def test_keys_tell_nobody_what_was_asked(opened: Open, redis_url: str, tenant: str) -> None:
    await opened(redis_url).set("grids", tenant, "龙溪花园3栋501", b"g", MINUTE, tags=["resident:7"])
    server: Redis = Redis.from_url(redis_url)
    names = [name.decode() async for name in server.scan_iter(f"longxi:{{{tenant}}}:*")]
    await server.aclose()
    assert len(names) == 2
    assert not any("龙溪" in name or "501" in name.split(":")[-1][:3] or "resident" in name for name in names)


async def test_nothing_stays_in_redis_for_ever(opened: Open, redis_url: str, tenant: str) -> None:
    cache = opened(redis_url)
    for number in range(50):
        await cache.set("n", tenant, str(number), b"1", timedelta(milliseconds=50), tags=["t"])
    await asyncio.sleep(0.06)
    await cache.set("n", tenant, "last", b"1", MINUTE, tags=["t"])
    await cache.drop(namespace="n", tenant=tenant, key="other")
    server: Redis = Redis.from_url(redis_url)
    names = [name async for name in server.scan_iter(f"longxi:{{{tenant}}}:*")]
    (tag,) = [name for name in names if b":tag:" in name]
    assert await server.zcard(tag) == 1, "what ran out is no longer listed"
    assert all([await server.pttl(name) > 0 for name in names])
    await server.aclose()


async def test_with_redis_away_everything_is_a_miss_and_nobody_waits(
    opened: Open, redis_server: RedisServer, tenant: str
) -> None:
    cache = opened(redis_server.url)

    async def load() -> bytes:
        return b"loaded"

    started = time.monotonic()
    for _ in range(100):
        assert await cache.get("n", tenant, "k") is None
        assert await cache.get_or_load("n", tenant, "k", MINUTE, load) == b"loaded"
        await cache.set("n", tenant, "k", b"1", MINUTE)
        await cache.drop_tag(tenant, "t")
    assert time.monotonic() - started < 2
    with pytest.raises(ConnectionError):
        await _ping(cache)


async def test_a_frozen_redis_costs_one_short_wait(
    opened: Open, redis_server: RedisServer, tenant: str
) -> None:
    redis_server.start()
    cache = opened(redis_server.url)
    await cache.set("n", tenant, "k", b"1", MINUTE)
    redis_server.freeze()
    started = time.monotonic()
    assert await cache.get("n", tenant, "k") is None
    assert time.monotonic() - started < 1
    redis_server.thaw()
    await asyncio.sleep(0.15)
    assert await cache.get("n", tenant, "k") == b"1"


async def test_it_comes_back_by_itself_after_a_restart(
    opened: Open, redis_server: RedisServer, tenant: str
) -> None:
    redis_server.start()
    cache = opened(redis_server.url)
    await cache.set("n", tenant, "k", b"1", MINUTE)
    redis_server.stop()
    assert await cache.get("n", tenant, "k") is None
    redis_server.start()
    await asyncio.sleep(0.15)
    await cache.set("n", tenant, "k", b"2", MINUTE)
    assert await cache.get("n", tenant, "k") == b"2"


async def test_a_restart_between_two_questions_is_not_noticed(
    opened: Open, redis_server: RedisServer, tenant: str
) -> None:
    redis_server.start()
    cache = opened(redis_server.url)
    await cache.set("n", tenant, "k", b"1", MINUTE)
    redis_server.stop()
    redis_server.start()
    await cache.set("n", tenant, "k", b"2", MINUTE)
    assert await cache.get("n", tenant, "k") == b"2"


async def test_a_drop_made_while_redis_was_frozen_is_made_up_for(
    opened: Open, redis_server: RedisServer, tenant: str
) -> None:
    redis_server.start()
    cache = opened(redis_server.url)
    await cache.set("n", tenant, "k", b"1", MINUTE, tags=["t"])
    redis_server.freeze()
    await cache.drop_tag(tenant, "t")
    redis_server.thaw()
    await asyncio.sleep(0.15)
    assert await cache.get("n", tenant, "k") is None


async def _ping(cache: RedisCache) -> None:
    try:
        await cache.ping()
    except Exception as fault:
        raise ConnectionError from fault
