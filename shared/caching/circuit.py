"""A circuit breaker: while Redis is away nobody waits for it, but for one who looks from time to time."""

import time
from collections.abc import Callable
from datetime import timedelta

from shared.observing import get_logger, metrics
from shared.retrying import Backoff

_log = get_logger(__name__)
_OPEN = metrics.gauge("cache_circuit_open", "1 while Redis is taken for away and not asked")

SCHEDULE = Backoff(timedelta(milliseconds=500), factor=2, cap=timedelta(seconds=10))


class Circuit:
    """Closed: ask. Open: do not, until the wait is over; then the next who comes tries for all."""

    def __init__(self, *, schedule: Backoff = SCHEDULE, now: Callable[[], float] = time.monotonic) -> None:
        self._schedule, self._now = schedule, now
        self._failures = 0
        self._until = 0.0

    @property
    def open(self) -> bool:
        return self._failures > 0

    def admits(self) -> bool:
        """Whether to ask. An open circuit admits one caller and has the others wait again."""
        if not self._failures:
            return True
        if self._now() < self._until:
            return False
        self._wait()
        return True

    def failed(self, fault: Exception) -> None:
        if not self._failures:
            _log.warning("the cache is away, going on without it", error=type(fault).__name__)
            _OPEN.set(1)
        self._failures += 1
        self._wait()

    def worked(self) -> None:
        if self._failures:
            _log.info("the cache is back", failures=self._failures)
            _OPEN.set(0)
        self._failures = 0

    def _wait(self) -> None:
        self._until = self._now() + self._schedule.delay(self._failures).total_seconds()
