"""A service's periodic jobs, run by the clock of this machine: how long each takes when little is due.

`python -m tests.bench.ours.jobs SERVICE TURNS`, with the service's environment. Says milliseconds by job.
"""

import asyncio
import importlib
import json
import sys
import time
from statistics import median

from shared.runtime.opening import opened
from shared.runtime.service import Service
from shared.runtime.upkeep import upkeep
from shared.settings import ServiceSettings


async def run(service: Service[ServiceSettings], turns: int) -> dict[str, float]:
    """The first turn does whatever is due, and does not count."""
    async with opened(service, service.settings(), "worker") as runtime:
        jobs = [*service.build(runtime).jobs, *upkeep(runtime)]
        taken: dict[str, list[float]] = {job.name: [] for job in jobs}
        for turn in range(turns + 1):
            for job in jobs:
                began = time.perf_counter()
                await job.run()
                if turn:
                    taken[job.name].append((time.perf_counter() - began) * 1000)
        return {name: median(values) for name, values in taken.items()}


if __name__ == "__main__":
    measured = importlib.import_module(f"services.{sys.argv[1]}.main").SERVICE
    print(json.dumps(asyncio.run(run(measured, int(sys.argv[2])))))
