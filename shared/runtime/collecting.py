"""Collecting garbage less often than Python does by itself, and giving back memory that nothing uses.

A service has some 100 MB of modules, models and routes that live as long as the process. Python's collector walks
through all of it again and again while a batch of events or a request makes objects that reference counting frees
anyway: a quarter of an inbox's CPU. So what is there when a process begins to serve is left out from then on
(`gc.freeze`), and the young are looked at every 5,000 instead of every 700.

Buffers of the event log come and go between small things that stay, and the C library keeps the holes: of a worker's
heap a quarter was free after six minutes, and growing. Once a minute the holes go back to the system, after the garbage
in them was collected; both together take some milliseconds.
"""

import asyncio
import ctypes
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

_THRESHOLDS = (5000, 20, 20)
_EVERY_SECONDS = 60.0


def collect_rarely() -> None:
    """Called once, when everything that stays is loaded and built."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


@asynccontextmanager
async def memory_kept_small(every: float = _EVERY_SECONDS) -> AsyncIterator[None]:
    """Around serving, entered when everything that stays is loaded and built. `every` in seconds."""
    collect_rarely()
    giving_back = asyncio.create_task(_give_back(every), name="memory")
    try:
        yield
    finally:
        giving_back.cancel()
        with suppress(asyncio.CancelledError):
            await giving_back


async def _give_back(every: float) -> None:
    trim = _trimming()
    while True:
        await asyncio.sleep(every)
        gc.collect()
        trim()


def _trimming() -> Callable[[], object]:
    """glibc's `malloc_trim`, which gives back free pages within the heap too; elsewhere nothing."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return lambda: None
    return lambda: trim(0)
