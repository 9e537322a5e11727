"""A cache never holds the only copy: everything in it can be loaded again, and may be gone at any moment."""

from shared.caching.memory import MemoryCache
from shared.caching.protocol import Cache, Load
from shared.caching.redis import RedisCache

__all__ = ["Cache", "Load", "MemoryCache", "RedisCache", "open_cache"]


def open_cache(redis_url: str | None) -> Cache:
    """Redis where there is one, shared by all processes; otherwise each process keeps its own.

    Connects when first used and never fails to open: a cache that is away is one that has nothing.
    """
    return RedisCache(redis_url) if redis_url else MemoryCache()
