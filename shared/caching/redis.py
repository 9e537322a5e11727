"""The cache that all processes share, in Redis."""

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from shared.caching import scripts
from shared.caching.circuit import Circuit
from shared.caching.flights import Flight, Flights
from shared.caching.protocol import OPERATIONS, Entry, Load, shortened

T = TypeVar("T")

# A cache that takes longer than this is of no use; the caller goes on without it.
TIMEOUT = timedelta(milliseconds=500)
CONNECTIONS = 50
# How long one process may load before another does it too, and how long the other waits for it.
_LOCK = timedelta(seconds=5)
_WAIT = timedelta(seconds=2)
_LOOK = timedelta(milliseconds=20)
# Longer than any load takes, or its end would not notice a drop.
_EPOCH = timedelta(hours=1)
_DROPS_OWED = 10_000
_FAULTS = (RedisError, OSError, TimeoutError)


class RedisCache:
    def __init__(self, url: str, *, timeout: timedelta = TIMEOUT, circuit: Circuit | None = None) -> None:
        seconds = timeout.total_seconds()
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=seconds,
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            # Once more on a connection that broke while it lay in the pool, as after a restart of Redis; a time-out
            # is not tried again, since the caller has waited enough.
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        )
        self._redis: Redis = Redis.from_pool(pool)
        self._claim = self._redis.register_script(scripts.CLAIM)
        self._store = self._redis.register_script(scripts.STORE)
        self._drop = self._redis.register_script(scripts.DROP)
        self._release = self._redis.register_script(scripts.RELEASE)
        self._circuit = circuit or Circuit()
        self._flights = Flights()
        # Drops that could not be made while Redis was away; made before anything is read again.
        self._owed: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    async def get(self, namespace: str, tenant: str, key: str) -> bytes | None:
        name = _entry(Entry(namespace, tenant, key))
        # Bytes, since the client is not told to decode.
        value = cast(bytes | None, await self._ask(lambda: self._redis.get(name), namespace))
        if not self._circuit.open:
            OPERATIONS.labels(namespace=namespace, outcome="miss" if value is None else "hit").inc()
        return value

    async def set(
        self, namespace: str, tenant: str, key: str, value: bytes, ttl: timedelta, *, tags: Sequence[str] = ()
    ) -> None:
        await self._keep(Entry(namespace, tenant, key), value, ttl, tags)

    async def get_or_load(
        self, namespace: str, tenant: str, key: str, ttl: timedelta, load: Load, *, tags: Sequence[str] = ()
    ) -> bytes:
        if (value := await self.get(namespace, tenant, key)) is not None:
            return value
        return await self._flights.join(
            Entry(namespace, tenant, key), tags, lambda flight: self._fly(flight, ttl, load, tags)
        )

    async def _fly(self, flight: Flight, ttl: timedelta, load: Load, tags: Sequence[str]) -> bytes:
        """Load for this process, and if possible for the others: one of them at a time."""
        token = secrets.token_hex(8)
        value, locked, epochs = await self._claimed(flight.entry, tags, token)
        if value is not None:
            return value
        try:
            value = await load()
            if epochs is not None and not flight.dropped:
                await self._keep(flight.entry, value, ttl, tags, epochs)
            return value
        finally:
            if locked:
                lock = [_lock(flight.entry)]
                await self._ask(lambda: self._release(keys=lock, args=[token]), flight.entry.namespace)

    async def _claimed(
        self, entry: Entry, tags: Sequence[str], token: str
    ) -> tuple[bytes | None, bool, Sequence[bytes] | None]:
        """The value that another process has stored, or the right to load it, with the epochs at its beginning.

        Who waits too long for another's load gets neither and loads all the same.
        """
        keys = [_entry(entry), _lock(entry), *_epochs(entry, tags)]
        deadline = time.monotonic() + _WAIT.total_seconds()
        while True:
            answer: Any = await self._ask(
                lambda: self._claim(keys=keys, args=[token, _milliseconds(_LOCK)]), entry.namespace
            )
            if answer is None:
                return None, False, None
            value, locked, *epochs = answer
            if value is not None or locked or time.monotonic() >= deadline:
                return value, bool(locked), epochs
            await asyncio.sleep(_LOOK.total_seconds())

    async def drop(self, *, namespace: str, tenant: str, key: str) -> None:
        entry = Entry(namespace, tenant, key)
        self._flights.drop(entry)
        await self._dropped("entry", _entry(entry), _epoch_of_entry(entry))

    async def drop_tag(self, tenant: str, tag: str) -> None:
        self._flights.drop_tag(tenant, tag)
        await self._dropped("tag", _tag(tenant, tag), _epoch_of_tag(tenant, tag))

    async def ping(self) -> None:
        await cast(Awaitable[Any], self._redis.ping())

    async def close(self) -> None:
        await self._redis.aclose()

    async def _keep(
        self,
        entry: Entry,
        value: bytes,
        ttl: timedelta,
        tags: Sequence[str],
        expected: Sequence[bytes] = (),
    ) -> None:
        milliseconds = _milliseconds(shortened(ttl))
        if milliseconds <= 0:
            return
        tagged = [_tag(entry.tenant, tag) for tag in tags]
        keys = [_entry(entry), *tagged, *(_epochs(entry, tags) if expected else ())]
        arguments: list[bytes | int] = [value, milliseconds, len(tagged), *expected]
        await self._ask(lambda: self._store(keys=keys, args=arguments), entry.namespace)

    async def _dropped(self, what: str, name: str, epoch: str) -> None:
        owed = (what, name, epoch)
        self._owed[owed] = None
        if len(self._owed) > _DROPS_OWED:
            # Its entries run out by themselves, in the minutes that such entries live.
            self._owed.popitem(last=False)
        await self._ask(None, "drops")

    async def _ask(self, question: Callable[[], Awaitable[T]] | None, namespace: str) -> T | None:
        """Redis' answer, None while it is away. Drops that are owed go first."""
        if not self._circuit.admits():
            OPERATIONS.labels(namespace=namespace, outcome="error").inc()
            return None
        try:
            while self._owed:
                owed = next(iter(self._owed))
                await self._drop(keys=owed[1:], args=[owed[0], _milliseconds(_EPOCH)])
                self._owed.pop(owed, None)
            answer = await question() if question else None
        except _FAULTS as fault:
            self._circuit.failed(fault)
            OPERATIONS.labels(namespace=namespace, outcome="error").inc()
            return None
        self._circuit.worked()
        return answer


def _milliseconds(duration: timedelta) -> int:
    return int(duration / timedelta(milliseconds=1))


def _hash(text: str) -> str:
    """A key may be an address; the name of an entry tells nobody."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _entry(entry: Entry) -> str:
    return f"longxi:{{{entry.tenant}}}:entry:{entry.namespace}:{_hash(entry.key)}"


def _lock(entry: Entry) -> str:
    return f"longxi:{{{entry.tenant}}}:lock:{entry.namespace}:{_hash(entry.key)}"


def _tag(tenant: str, tag: str) -> str:
    return f"longxi:{{{tenant}}}:tag:{_hash(tag)}"


def _epoch_of_entry(entry: Entry) -> str:
    return f"longxi:{{{entry.tenant}}}:epoch:{entry.namespace}:{_hash(entry.key)}"


def _epoch_of_tag(tenant: str, tag: str) -> str:
    return f"longxi:{{{tenant}}}:epoch::{_hash(tag)}"


def _epochs(entry: Entry, tags: Sequence[str]) -> list[str]:
    return [_epoch_of_entry(entry), *(_epoch_of_tag(entry.tenant, tag) for tag in tags)]
