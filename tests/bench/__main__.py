"""`python -m tests.bench [--rounds 5] [--quick] [--only NAME]`: measure, print the table, write `build/bench.json`."""

import argparse
import asyncio
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import psutil

from tests.bench import figures
from tests.bench.figures import Figure
from tests.bench.ground import Ground, open_ground
from tests.bench.scenarios import (
    catch_up,
    filing,
    growth,
    latency,
    long_run,
    members,
    pages,
    platform,
    relay,
    similar,
)

SCENARIOS = {
    "filing": filing,
    "relay": relay,
    "catch_up": catch_up,
    "members": members,
    "platform": platform,
    "latency": latency,
    "similar": similar,
}
LONG = {"growth": growth, "long_run": long_run, "pages": pages}
"""Measured only when they are asked for: each takes ten minutes, half an hour or more."""
RESULTS = Path("build/bench.json")
_REQUESTS = 1_000_000
_CPU = "cpu_s_per_million_events"


async def measure_all(
    names: Sequence[str], *, rounds: int, quick: bool, requests: int, minutes: float
) -> tuple[list[Figure], str]:
    """The figures of these scenarios, and what they were measured on."""
    found: list[Figure] = []
    async with open_ground(rounds=rounds, quick=quick, requests=requests, minutes=minutes) as ground:
        for name in names:
            began = time.monotonic()
            found += await _measure({**SCENARIOS, **LONG}[name], ground)
            sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
        log = "Apache Kafka" if ground.kafka else "the local log"
    return [*found, _cpu(found)], log


async def _measure(scenario: ModuleType, ground: Ground) -> Sequence[Figure]:
    """One that fails leaves its figures empty, with the reason, and the others unharmed."""
    try:
        measured: Sequence[Figure] = await scenario.measure(ground)
    except Exception as error:
        ground.end_children()
        lines = f"{type(error).__name__}: {error}".strip().splitlines()
        traceback.print_exc()
        return [Figure(name, note=f"not measured: {lines[-1][:200]}") for name in scenario.FIGURES]
    return measured


def _cpu(found: Sequence[Figure]) -> Figure:
    """An event is published once by a relay and taken once by an inbox."""
    parts = [one for one in found if one.name in {"relay_cpu_s_per_million", "inbox_cpu_s_per_million"}]
    if len(parts) < 2:
        return Figure(_CPU, note="not measured: needs the scenarios relay and catch_up")
    sums = [sum(values) for values in zip(*(one.values for one in parts), strict=True)]
    return Figure(_CPU, sums, note="relay and inbox; PostgreSQL and Kafka not counted")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of each: shows that it runs, measures nothing"
    )
    parser.add_argument("--only", choices=[*SCENARIOS, *LONG], action="append")
    parser.add_argument(
        "--requests", type=int, help="growth: at the largest size; a million where nothing is said"
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="long_run: how long")
    # As Ctrl-C: what was started is stopped, and folders are removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    given = parser.parse_args()
    names = given.only or list(SCENARIOS)
    requests = given.requests or (_REQUESTS // 100 if given.quick else _REQUESTS)
    found, log = asyncio.run(
        measure_all(names, rounds=given.rounds, quick=given.quick, requests=requests, minutes=given.minutes)
    )
    about = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "rounds": given.rounds,
        "quick": given.quick,
        "log": log,
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "load_after": round(os.getloadavg()[0], 2),
    }
    print(figures.table(found))
    print("\n" + ", ".join(f"{name} {value}" for name, value in about.items()))
    figures.write(RESULTS, found, about)
    return 0


if __name__ == "__main__":
    sys.exit(main())
