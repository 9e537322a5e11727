"""What every cache promises, run on Redis and in memory."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from shared.caching import Cache, MemoryCache, open_cache
from shared.caching.redis import RedisCache

MINUTE = timedelta(minutes=1)
NS = "contacts"


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    made: Cache = (
        MemoryCache() if request.param == "memory" else RedisCache(request.getfixturevalue("redis_url"))
    )
    yield made
    await made.close()


@pytest.fixture
def tenant() -> str:
    """Of the test's own, since the server is shared."""
    return f"t-{uuid4().hex[:12]}"


class Source:
    """Where the values belong; counts how often it was asked."""

    def __init__(self, *values: bytes, takes: float = 0.0) -> None:
        self.values = list(values)
        self.takes = takes
        self.calls = 0
        self.asked = asyncio.Event()

    async def __call__(self) -> bytes:
        self.calls += 1
        value = self.values.pop(0) if len(self.values) > 1 else self.values[0]
        self.asked.set()
        await asyncio.sleep(self.takes)
        return value


async def test_what_was_kept_is_found_as_it_was(cache: Cache, tenant: str) -> None:
    value = bytes(range(256))
    assert await cache.get(NS, tenant, "键 with / any : characters") is None
    await cache.set(NS, tenant, "键 with / any : characters", value, MINUTE)
    assert await cache.get(NS, tenant, "键 with / any : characters") == value
    await cache.set(NS, tenant, "empty", b"", MINUTE)
    assert await cache.get(NS, tenant, "empty") == b"", "an empty value is a value"


async def test_a_later_value_replaces_the_earlier(cache: Cache, tenant: str) -> None:
    await cache.set(NS, tenant, "k", b"1", MINUTE)
    await cache.set(NS, tenant, "k", b"2", MINUTE)
    assert await cache.get(NS, tenant, "k") == b"2"


async def test_tenants_and_namespaces_do_not_see_each_other(cache: Cache, tenant: str) -> None:
    await cache.set(NS, tenant, "k", b"mine", MINUTE, tags=["t"])
    await cache.set(NS, tenant + "x", "k", b"theirs", MINUTE, tags=["t"])
    assert await cache.get("grids", tenant, "k") is None
    await cache.drop_tag(tenant, "t")
    assert await cache.get(NS, tenant, "k") is None
    assert await cache.get(NS, tenant + "x", "k") == b"theirs"


async def test_a_value_runs_out(cache: Cache, tenant: str) -> None:
    await cache.set(NS, tenant, "k", b"1", timedelta(milliseconds=60))
    await cache.set(NS, tenant, "never", b"1", timedelta(0))
    assert await cache.get(NS, tenant, "never") is None
    await asyncio.sleep(0.08)
    assert await cache.get(NS, tenant, "k") is None


async def test_a_value_is_dropped_by_name(cache: Cache, tenant: str) -> None:
    await cache.set(NS, tenant, "k", b"1", MINUTE)
    await cache.drop(namespace=NS, tenant=tenant, key="k")
    await cache.drop(namespace=NS, tenant=tenant, key="never there")
    assert await cache.get(NS, tenant, "k") is None


async def test_all_of_a_tag_are_dropped_and_nothing_else(cache: Cache, tenant: str) -> None:
    await cache.set(NS, tenant, "a", b"1", MINUTE, tags=["resident:1", "all"])
    await cache.set("grids", tenant, "b", b"1", MINUTE, tags=["resident:1"])
    await cache.set(NS, tenant, "c", b"1", MINUTE, tags=["resident:2", "all"])
    await cache.drop_tag(tenant, "resident:1")
    await cache.drop_tag(tenant, "nobody has this one")
    assert await cache.get(NS, tenant, "a") is None
    assert await cache.get("grids", tenant, "b") is None, "across namespaces"
    assert await cache.get(NS, tenant, "c") == b"1"
    await cache.drop_tag(tenant, "all")
    assert await cache.get(NS, tenant, "c") is None


async def test_thousands_of_one_tag_are_dropped(cache: Cache, tenant: str) -> None:
    for number in range(2_500):
        await cache.set(NS, tenant, str(number), b"1", MINUTE, tags=["grids"])
    await cache.drop_tag(tenant, "grids")
    assert [await cache.get(NS, tenant, str(number)) for number in (0, 999, 1_000, 2_499)] == [None] * 4


async def test_a_missing_value_is_loaded_once_and_kept(cache: Cache, tenant: str) -> None:
    source = Source(b"loaded")
    for _ in range(3):
        assert await cache.get_or_load(NS, tenant, "k", MINUTE, source, tags=["t"]) == b"loaded"
    assert source.calls == 1
    await cache.drop_tag(tenant, "t")
    await cache.get_or_load(NS, tenant, "k", MINUTE, source)
    assert source.calls == 2


async def test_a_crowd_loads_once(cache: Cache, tenant: str) -> None:
    source = Source(b"loaded", takes=0.05)
    crowd = [cache.get_or_load(NS, tenant, "k", MINUTE, source) for _ in range(50)]
    assert await asyncio.gather(*crowd) == [b"loaded"] * 50
    assert source.calls == 1


async def test_a_failed_load_fails_for_all_who_wait_and_is_not_kept(cache: Cache, tenant: str) -> None:
    async def fails() -> bytes:
        await asyncio.sleep(0.02)
        raise LookupError("not there")

    crowd = [cache.get_or_load(NS, tenant, "k", MINUTE, fails) for _ in range(5)]
    results = await asyncio.gather(*crowd, return_exceptions=True)
    assert all(isinstance(result, LookupError) for result in results)
    assert await cache.get_or_load(NS, tenant, "k", MINUTE, Source(b"now")) == b"now"


async def test_who_leaves_takes_nobody_along(cache: Cache, tenant: str) -> None:
    source = Source(b"loaded", takes=0.05)
    first = asyncio.create_task(cache.get_or_load(NS, tenant, "k", MINUTE, source))
    await source.asked.wait()
    second = asyncio.create_task(cache.get_or_load(NS, tenant, "k", MINUTE, source))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == b"loaded"
    assert source.calls == 1


@pytest.mark.parametrize("how", ["by name", "by tag"])
async def test_what_was_dropped_while_it_was_loaded_is_not_kept(cache: Cache, tenant: str, how: str) -> None:
    source = Source(b"old", b"new", takes=0.05)
    loading = asyncio.create_task(cache.get_or_load(NS, tenant, "k", MINUTE, source, tags=["t"]))
    await source.asked.wait()
    if how == "by tag":
        await cache.drop_tag(tenant, "t")
    else:
        await cache.drop(namespace=NS, tenant=tenant, key="k")
    after = asyncio.create_task(cache.get_or_load(NS, tenant, "k", MINUTE, source, tags=["t"]))
    assert await loading == b"old", "its caller asked before the drop"
    assert await after == b"new", "who asks after the drop does not get the old one"
    assert await cache.get_or_load(NS, tenant, "k", MINUTE, source, tags=["t"]) == b"new"
    assert source.calls == 2


async def test_it_says_that_it_works(cache: Cache) -> None:
    await cache.ping()


async def test_the_url_decides() -> None:
    memory, redis = open_cache(None), open_cache("redis://127.0.0.1:1/0")
    assert isinstance(memory, MemoryCache)
    assert isinstance(redis, RedisCache)
    await redis.close()
