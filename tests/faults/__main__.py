"""`python -m tests.faults [--rounds 200] [--seed N] [--log kafka|local] [--data FOLDER]`: strike a platform at work.

At the end everything has to be there, once, and told to everybody once. The report is printed and lies in
`build/faults.json`; the exit code says whether a promise was broken.
"""

import argparse
import asyncio
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from tests.faults import disk
from tests.faults.ground import ground
from tests.faults.people import messages
from tests.faults.plan import Kind, Lengths, plan, strikes
from tests.faults.report import report, table, write
from tests.faults.run import run

RESULTS = Path("build/faults.json")
_REST_SECONDS = 1500.0
"""A mail that failed twice waits five minutes, and may fail again."""


def _say(words: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S}  {words}\n")
    sys.stderr.flush()


async def _run(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    task = asyncio.current_task()
    assert task is not None
    # Whoever ends this ends what it started.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    rows, origin = messages(given.data, given.messages)
    lengths = Lengths(pause=given.pause)
    async with ground(folder, kafka=given.log == "kafka") as it:
        if it.disk is None:
            _say("a full disk is left out: nothing may be mounted here")
        deck = strikes(it.parts, list(it.mesh.links), disk=it.disk is not None)
        deck += strikes(it.parts, [], disk=False, kinds=[Kind.KILL])
        rounds = list(plan(given.seed, given.rounds, deck, lengths))
        seconds = sum(one.after for one in rounds)
        _say(f"seed {given.seed}: {given.rounds} rounds in about {seconds / 60:.0f} minutes, on {origin}")
        result = await run(it, rows, rounds, seed=given.seed, seconds=seconds, rest=_REST_SECONDS, say=_say)
        about = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seed": given.seed,
            "log": "Apache Kafka" if it.broker else "local log",
            "redis": it.redis is not None,
            "full_disk": "among the faults" if it.disk else "skipped: nothing may be mounted here",
            "from": origin,
            "cores": psutil.cpu_count(),
            "load_after": round(os.getloadavg()[0], 1),
        }
        return report(result, about)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="chosen and said where none is given")
    parser.add_argument("--log", choices=["kafka", "local"], default="kafka")
    parser.add_argument("--data", type=Path, default=None, help="folder with messages.csv")
    parser.add_argument(
        "--messages", type=int, default=None, help="how many of them; all where it is not said"
    )
    parser.add_argument(
        "--pause", type=float, default=Lengths().pause, help="mean seconds between two rounds"
    )
    parser.add_argument("--keep", type=Path, default=None, help="folder to run in, kept afterwards")
    given = parser.parse_args()
    disk.enter()
    given.seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    folder = (given.keep or Path(tempfile.mkdtemp(prefix="longxi-faults-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        figures = asyncio.run(_run(given, folder))
    finally:
        if given.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    write(RESULTS, figures)
    print(table(figures))
    print(f"\nin all {time.monotonic() - began:.0f} s; {RESULTS}")
    return 1 if figures["violations"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
