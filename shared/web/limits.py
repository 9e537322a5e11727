"""So many requests a minute for each caller, counted in Redis for all processes together.

A process takes hits from the counter in small lots (2 % of the quota) and spends them by itself, so that most requests
cost no trip to Redis. Several processes may hold a lot each, so a caller can be stopped that much early, never late.
Without Redis, or while it is away, each process counts for itself.
https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from limits.errors import StorageError

from shared.clock import Clock
from shared.security.principal import Principal, Role
from shared.web.exchange import Exchange
from shared.web.refusals import TooManyRequests

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

WINDOW = 60
DEFAULT_QUOTAS: Mapping[Role, int | None] = {
    Role.RESIDENT: 300,
    Role.WORKER: 1200,
    Role.HEAD: 1200,
    Role.JUDICIAL: 1200,
    Role.DISTRICT: 6000,
    Role.PORTAL: 6000,
    # An operator imports a year's letters; services call each other for every message that goes out.
    Role.OPERATOR: None,
    Role.SERVICE: None,
}
"""Requests a minute by role; None: no limit. Whoever has several roles has the widest."""
_LOTS = 50
_REDIS_PATIENCE = 0.25  # seconds; a limit is not worth more waiting
_REDIS_PAUSE = 5.0  # seconds without asking again after it failed

log = logging.getLogger(__name__)


class Hits(Protocol):
    async def incr(self, key: str, expiry: int, amount: int = 1) -> int: ...


class ProcessHits:
    """Counts in this process. `limits` has such a storage too, which walks all its keys at every hit."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        self._counts[key] += amount
        return self._counts[key]

    def forget(self) -> None:
        self._counts.clear()


@dataclass(slots=True)
class _Lot:
    """Hits taken from the counter and not yet spent, and how many the counter had left."""

    left: int = 0
    beyond: int = 0
    spent: bool = False


def _in_redis(url: str) -> "tuple[ConnectionPool, Hits]":
    # Imported here: the client is slow to load where nobody needs it.
    from limits.aio.storage import RedisStorage  # noqa: PLC0415
    from redis.asyncio import ConnectionPool  # noqa: PLC0415

    pool = ConnectionPool.from_url(
        url, socket_timeout=_REDIS_PATIENCE, socket_connect_timeout=_REDIS_PATIENCE
    )
    storage = RedisStorage(
        f"async+{url}",
        wrap_exceptions=True,
        implementation="redispy",
        key_prefix="longxi:limit",
        connection_pool=pool,  # type: ignore[arg-type]  # the type leaves out what its documentation names
    )
    return pool, storage


class RateLimits:
    def __init__(
        self,
        clock: Clock,
        *,
        redis_url: str | None = None,
        quotas: Mapping[Role, int | None] = DEFAULT_QUOTAS,
    ) -> None:
        self._clock = clock
        self._quotas = quotas
        self._window = 0
        self._lots: dict[str, _Lot] = {}
        self._local = ProcessHits()
        self._pool: ConnectionPool | None = None
        self._shared: Hits | None = None
        self._paused_until = 0.0
        if redis_url is not None:
            self._pool, self._shared = _in_redis(redis_url)

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.disconnect()

    async def check(self, principal: Principal, exchange: Exchange) -> None:
        """Count one request and say in the answer's headers how many are left. Raises TooManyRequests."""
        quota = self._quota(principal)
        if quota is None:
            return
        second = self._clock().timestamp()
        window, reset = int(second // WINDOW), WINDOW - int(second % WINDOW)
        left = await self._take(f"{principal.tenant}/{principal.subject}", window, quota)
        exchange.add("RateLimit-Policy", f'"minute";q={quota};w={WINDOW}')
        exchange.add("RateLimit", f'"minute";r={max(left, 0)};t={reset}')
        if left < 0:
            raise TooManyRequests(limit=quota, window=WINDOW, retry=reset)

    def _quota(self, principal: Principal) -> int | None:
        if principal.per_minute is not None:
            return principal.per_minute
        quotas = [self._quotas.get(role) for role in principal.roles] or [self._quotas.get(Role.RESIDENT)]
        return None if None in quotas else max(quota for quota in quotas if quota is not None)

    async def _take(self, caller: str, window: int, quota: int) -> int:
        """How many are left after this one; negative when it is one too many."""
        if window != self._window:
            self._window = window
            self._lots.clear()
            self._local.forget()
        lot = self._lots.setdefault(caller, _Lot())
        if lot.left == 0 and not lot.spent:
            size = max(1, quota // _LOTS)
            used = await self._count(f"{caller}/{window}", size)
            granted = size - max(0, used - quota)
            lot.left += max(granted, 0)
            lot.beyond = max(0, quota - used)
            lot.spent = granted <= 0
        if lot.left == 0:
            return -1
        lot.left -= 1
        return lot.left + lot.beyond

    async def _count(self, key: str, amount: int) -> int:
        now = asyncio.get_running_loop().time()
        if self._shared is not None and now >= self._paused_until:
            try:
                return await self._shared.incr(key, 2 * WINDOW, amount)
            except (StorageError, OSError, TimeoutError) as error:
                self._paused_until = now + _REDIS_PAUSE
                log.warning("rate limits without Redis", extra={"error": type(error).__name__})
        return await self._local.incr(key, 2 * WINDOW, amount)


__all__ = ["DEFAULT_QUOTAS", "WINDOW", "RateLimits"]
