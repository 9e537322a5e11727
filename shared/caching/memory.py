"""The cache of one process: bounded, the least recently used goes first."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

from shared.caching.flights import Flight, Flights
from shared.caching.protocol import OPERATIONS, Entry, Load, shortened
from shared.observing import metrics

ENTRIES = 5000
SIZE = 32 * 1024 * 1024
# What an entry costs besides its value: the tuple, the key, its places in the tables. Measured, rounded up.
_OVERHEAD = 500

_HELD = metrics.gauge("cache_memory_bytes", "Size of the entries that this process caches in memory")


class _Kept(NamedTuple):
    value: bytes
    until: float
    tags: tuple[str, ...]
    size: int


class MemoryCache:
    """`now` gives seconds of any steady clock."""

    def __init__(
        self, *, entries: int = ENTRIES, size: int = SIZE, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._entries, self._size, self._now = entries, size, now
        self._kept: OrderedDict[Entry, _Kept] = OrderedDict()
        self._tagged: dict[tuple[str, str], set[Entry]] = {}
        self._held = 0
        self._flights = Flights()

    async def get(self, namespace: str, tenant: str, key: str) -> bytes | None:
        entry = Entry(namespace, tenant, key)
        kept = self._kept.get(entry)
        if kept is not None and kept.until <= self._now():
            self._forget(entry)
            kept = None
        OPERATIONS.labels(namespace=namespace, outcome="miss" if kept is None else "hit").inc()
        if kept is None:
            return None
        self._kept.move_to_end(entry)
        return kept.value

    async def set(
        self, namespace: str, tenant: str, key: str, value: bytes, ttl: timedelta, *, tags: Sequence[str] = ()
    ) -> None:
        self._keep(Entry(namespace, tenant, key), value, ttl, tags)

    async def get_or_load(
        self, namespace: str, tenant: str, key: str, ttl: timedelta, load: Load, *, tags: Sequence[str] = ()
    ) -> bytes:
        if (value := await self.get(namespace, tenant, key)) is not None:
            return value

        async def fly(flight: Flight) -> bytes:
            value = await load()
            if not flight.dropped:
                self._keep(flight.entry, value, ttl, tags)
            return value

        return await self._flights.join(Entry(namespace, tenant, key), tags, fly)

    async def drop(self, *, namespace: str, tenant: str, key: str) -> None:
        entry = Entry(namespace, tenant, key)
        self._flights.drop(entry)
        self._forget(entry)

    async def drop_tag(self, tenant: str, tag: str) -> None:
        self._flights.drop_tag(tenant, tag)
        for entry in [*self._tagged.get((tenant, tag), ())]:
            self._forget(entry)

    async def ping(self) -> None:
        return None

    async def close(self) -> None:
        for entry in [*self._kept]:
            self._forget(entry)

    def _keep(self, entry: Entry, value: bytes, ttl: timedelta, tags: Sequence[str]) -> None:
        self._forget(entry)
        size = len(value) + len(entry.key) + _OVERHEAD
        if size > self._size or ttl <= timedelta(0):
            return
        until = self._now() + shortened(ttl).total_seconds()
        self._kept[entry] = _Kept(value, until, tuple(tags), size)
        for tag in tags:
            self._tagged.setdefault((entry.tenant, tag), set()).add(entry)
        self._weigh(size)
        while len(self._kept) > self._entries or self._held > self._size:
            self._forget(next(iter(self._kept)))

    def _forget(self, entry: Entry) -> None:
        kept = self._kept.pop(entry, None)
        if kept is None:
            return
        for tag in kept.tags:
            tagged = self._tagged.get((entry.tenant, tag))
            if tagged is not None:
                tagged.discard(entry)
                if not tagged:
                    del self._tagged[(entry.tenant, tag)]
        self._weigh(-kept.size)

    def _weigh(self, size: int) -> None:
        self._held += size
        _HELD.set(self._held)
