"""A process' own cache stays within its bounds."""

from datetime import timedelta

from shared.caching import MemoryCache

MINUTE = timedelta(minutes=1)


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_the_least_recently_used_goes_first() -> None:
    cache = MemoryCache(entries=3)
    for key in "abc":
        await cache.set("n", "t", key, b"1", MINUTE)
    await cache.get("n", "t", "a")
    await cache.set("n", "t", "d", b"1", MINUTE)
    assert [await cache.get("n", "t", key) for key in "abcd"] == [b"1", None, b"1", b"1"]


async def test_size_is_bounded_in_bytes() -> None:
    cache = MemoryCache(size=10_000)
    for number in range(20):
        await cache.set("n", "t", str(number), bytes(2_000), MINUTE, tags=["all"])
    kept = [number for number in range(20) if await cache.get("n", "t", str(number)) is not None]
    assert kept == [17, 18, 19]


async def test_what_is_larger_than_everything_is_not_kept_and_drives_nothing_out() -> None:
    cache = MemoryCache(size=10_000)
    await cache.set("n", "t", "small", b"1", MINUTE)
    await cache.set("n", "t", "large", bytes(20_000), MINUTE)
    assert await cache.get("n", "t", "large") is None
    assert await cache.get("n", "t", "small") == b"1"


async def test_it_runs_out_between_nine_tenths_and_all_of_its_time() -> None:
    seconds = Seconds()
    cache = MemoryCache(now=seconds)
    for number in range(100):
        await cache.set("n", "t", str(number), b"1", MINUTE)
    seconds.now = 53.9
    assert all([await cache.get("n", "t", str(number)) for number in range(100)])
    seconds.now = 60
    assert not any([await cache.get("n", "t", str(number)) for number in range(100)])


async def test_nothing_is_left_behind_by_what_went() -> None:
    seconds = Seconds()
    cache = MemoryCache(entries=10, now=seconds)
    for number in range(1_000):
        await cache.set("n", "t", str(number), b"1", MINUTE, tags=[f"tag-{number}"])
    assert len(cache._tagged) == 10
    await cache.close()
    assert (cache._held, len(cache._kept), len(cache._tagged)) == (0, 0, 0)
