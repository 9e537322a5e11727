"""Numbers that have to be looked up, such as a queue's length: measured when somebody asks for the metrics.

What nobody reads costs nothing, and what is read is of this moment. Every process that measures the same thing says the
same, so whoever reads takes the maximum over processes, never the sum. What cannot be measured is NaN: no alert takes it
for a value, and in a maximum any process that could measure outweighs it.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from shared.observing.logs import get_logger
from shared.observing.metrics import Gauge

_log = get_logger(__name__)

# Two who ask at about the same time get the same numbers.
_FRESH_SECONDS = 5.0
# A database that hangs must not take the other numbers with it: whoever asks waits for so long, and gets what was seen
# last; what takes longer than the patience is given up.
_WAIT_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Measure:
    """Something to look up. `look` sets the gauges, and raises what keeps it from it."""

    look: Callable[[], Awaitable[None]]
    gauges: tuple[Gauge, ...]


class Measuring:
    """Called before the metrics of a process are shown."""

    def __init__(
        self,
        measures: Sequence[Measure],
        *,
        fresh: float = _FRESH_SECONDS,
        wait: float = _WAIT_SECONDS,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        """In seconds: for how long numbers are not looked up again, how long a call waits, how long a look may take."""
        self._measures = tuple(measures)
        self._fresh, self._wait, self._patience = fresh, wait, patience
        self._looking: asyncio.Task[None] | None = None
        self._seen = -math.inf

    async def __call__(self) -> None:
        if self._looking is None or self._looking.done():
            if time.monotonic() - self._seen < self._fresh:
                return
            self._looking = asyncio.create_task(self._look(), name="measuring")
        await asyncio.wait({self._looking}, timeout=self._wait)

    async def _look(self) -> None:
        await asyncio.gather(*map(self._measure, self._measures))
        self._seen = time.monotonic()

    async def _measure(self, measure: Measure) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await measure.look()
        except Exception as fault:
            _log.warning("numbers cannot be looked up", error=type(fault).__name__)
            for gauge in measure.gauges:
                for values in gauge.bounds.known:
                    (gauge.labels(*values) if values else gauge).set(math.nan)


__all__ = ["Measure", "Measuring"]
