"""Timing a block."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def milliseconds(taken: list[float]) -> AsyncIterator[None]:
    """Adds how long the block took."""
    began = time.perf_counter()
    yield
    taken.append((time.perf_counter() - began) * 1000)
