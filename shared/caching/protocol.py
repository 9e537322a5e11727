"""What a cache is to those who use it."""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

from shared.observing import metrics

Load = Callable[[], Awaitable[bytes]]
"""Gets the value from where it belongs. May be called by one task for many."""

OPERATIONS = metrics.counter(
    "cache_operations",
    "Look-ups by outcome: hit, miss, error (the cache did not answer, counts as a miss)",
    ["namespace", "outcome"],
)


class Entry(NamedTuple):
    """The full name of a value."""

    namespace: str
    tenant: str
    key: str


class Cache(Protocol):
    """Values are bytes. `namespace` is a code of who uses the cache for what (`contacts`); `key` may be anything.

    No method raises because the cache is away: a look-up finds nothing and a change is made later or runs out with the
    entries' time to live. Tags are of a tenant and across namespaces. Without Redis a drop reaches its own process only, so
    whatever events invalidate needs a time to live of minutes, by which the other processes follow.
    """

    async def get(self, namespace: str, tenant: str, key: str) -> bytes | None: ...

    async def set(
        self, namespace: str, tenant: str, key: str, value: bytes, ttl: timedelta, *, tags: Sequence[str] = ()
    ) -> None:
        """Keep `value` for at most `ttl` (a tenth less by chance, so that what came together does not go together)."""

    async def get_or_load(
        self, namespace: str, tenant: str, key: str, ttl: timedelta, load: Load, *, tags: Sequence[str] = ()
    ) -> bytes:
        """The value, loaded by one of all who ask for it at once; raises what `load` raises.

        A value whose entry or tag was dropped while it was being loaded is returned, but not kept: it may be the old one.
        """

    async def drop(self, *, namespace: str, tenant: str, key: str) -> None: ...

    async def drop_tag(self, tenant: str, tag: str) -> None:
        """Drop every entry of the tenant that was kept with this tag."""

    async def ping(self) -> None:
        """Raises whatever keeps the cache from answering: for /readyz."""

    async def close(self) -> None: ...


def shortened(ttl: timedelta, chance: Callable[[], float] = random.random) -> timedelta:
    return ttl * (1 - 0.1 * chance())
