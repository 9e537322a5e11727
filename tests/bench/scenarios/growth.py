"""Growth: the figures that depend on stored rows, at 1, 4 and 16 times the rows, as ratios to the smallest."""

import sys
import time
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack

from tests.bench.community import MEASURED, running
from tests.bench.figures import Figure
from tests.bench.ground import Ground, MeasuringFailed
from tests.bench.growing import asked, dropping, flowing, stored
from tests.bench.growing.sizes import Found, Size, sizes_of

FIGURES = ("growth_filing_16x_ratio", "growth_relay_16x_ratio", "growth_catch_up_16x_ratio")


async def measure(ground: Ground) -> Sequence[Figure]:
    found, failed = Found(), list[Figure]()
    async with sizes_of(ground) as sizes:
        await _timed(failed, "stored", stored.measure(ground, sizes, found))
        async with AsyncExitStack() as apis:
            for size in sizes:
                await apis.enter_async_context(running(ground, size.community, _all("api")))
            async with AsyncExitStack() as workers:
                for size in sizes:
                    await workers.enter_async_context(running(ground, size.community, _all("worker")))
                await _timed(failed, "told", flowing.measure_told(ground, sizes, found))
            await _timed(failed, "asked", asked.measure(ground, sizes, found))
            await _timed(failed, "filing", flowing.measure_filing(ground, sizes, found))
            async with AsyncExitStack() as workers:
                await _drained(ground, sizes, workers)
                await _timed(failed, "dropping", dropping.measure(ground, sizes, found))
    return [*found.figures(), *failed]


def _all(role: str) -> list[tuple[str, str]]:
    return [(service, role) for service in MEASURED]


async def _drained(ground: Ground, sizes: Sequence[Size], workers: AsyncExitStack) -> None:
    """Intake's workers run, and have published what was filed."""
    for size in sizes:
        await workers.enter_async_context(running(ground, size.community, [("intake", "worker")]))
        await dropping.published(size)


async def _timed(failed: list[Figure], name: str, work: Awaitable[None]) -> None:
    """One that fails leaves the others unharmed: what was seeded took half the time."""
    began = time.monotonic()
    try:
        await work
    except MeasuringFailed as error:
        failed.append(Figure(f"growth_{name}", note=f"not measured to the end: {error}"))
    sys.stderr.write(f"  {name}: {time.monotonic() - began:.0f} s\n")
