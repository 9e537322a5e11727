"""A cache never holds the only copy: everything in it can be loaded again, and may be gone at any moment."""

from shared.caching.memory import MemoryCache
from shared.caching.protocol import Cache, Load

__all__ = ["Cache", "Load", "MemoryCache", "open_cache"]


def open_cache(redis_url: str | None) -> Cache:
    """Redis where there is one, shared by all processes; otherwise each process keeps its own.

    Connects when first used and never fails to open: a cache that is away is one that has nothing.
    """
    if redis_url is None:
        return MemoryCache()
    from shared.caching.redis import RedisCache  # noqa: PLC0415 - the client is slow to load where nobody needs it

    return RedisCache(redis_url)
