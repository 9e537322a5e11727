"""A long run: half the top rate for half an hour, with replays throughout. Memory, lag and connections stay flat.

Every process is restarted twice in the first half. In the second all live on, long enough to tell what grows from what
only fills up after a start.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median

import stamina

from shared.command.connection import Connection
from shared.security import Role
from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.bench.running.filing import Filing, until_told
from tests.bench.running.flat import slope
from tests.bench.running.restarting import replay_ranges, restart_each
from tests.bench.running.sampling import Samples, Series, sample
from tests.support.embedded import RUNNING, Embedded, wait_until

FIGURES = ("long_run_not_told", "long_run_memory_rise_mb_per_h", "long_run_lag_rise_per_h")
_SHOWN_SECONDS = 500.0  # on a machine with other work
_BURST = 600
_SHARE = 0.5
_SETTLED_SECONDS = 180.0
_QUIET_SECONDS = 20.0
_RESTARTS_A_PROCESS = 2
_DISTURBED = 0.5
_PAUSE_SECONDS = 15.0
_POOLED = 24
"""Connections of one process at most: two pools of ten, the relay, and those that listen."""
# Bounds of "flat", for an hour. Memory of a process that works on: a leak of one kB a request would be a hundred times that.
_MB_AN_HOUR = 20.0
_LAG_AN_HOUR = 100.0
_AGE_AN_HOUR = 1.0
_DESCRIPTORS_AN_HOUR = 20.0
_THREADS_AN_HOUR = 4.0


@dataclass(slots=True)
class Run:
    """What happened."""

    samples: Samples = field(default_factory=Samples)
    restarted: list[str] = field(default_factory=list)
    replayed: list[int] = field(default_factory=list)
    began: float = 0.0
    warm: float = 0.0


async def measure(ground: Ground) -> Sequence[Figure]:
    stamina.instrumentation.set_on_retry_hooks([])  # trying again is what is expected here
    folder = ground.folder / "long-run"
    folder.mkdir()
    embedded = Embedded(folder, {"KAFKA_BOOTSTRAP_SERVERS": ground.kafka} if ground.kafka else {})
    try:
        await asyncio.to_thread(embedded.start, "starting in")
        shown = (lambda: RUNNING in embedded.said, _SHOWN_SECONDS, embedded.output)
        await asyncio.to_thread(wait_until, *shown)
        return await _run(ground, embedded)
    finally:
        embedded.destroy()


async def _run(ground: Ground, embedded: Embedded) -> Sequence[Figure]:
    connection = Connection.of_home(embedded.home)
    url = _database_url(embedded, "longxi_notifications")
    async with connection.client("intake", Role.HEAD) as head:
        residents = [(await head.post("/v1/residents", {"name": f"居民{n}"}))["id"] for n in range(50)]
    filing = Filing(connection, residents)
    top = await _top_rate(filing, url, ground.sized(_BURST))
    seconds = ground.minutes * 60
    sys.stderr.write(
        f"  top rate {top:.0f} requests a second; {top * _SHARE:.0f} for {ground.minutes:g} minutes\n"
    )
    run = Run(began=time.monotonic(), warm=min(240.0, seconds / 8))
    names = [*sorted(embedded.pids()), "postgres"]
    others = [
        asyncio.create_task(sample(embedded, connection, url, run.samples)),
        asyncio.create_task(
            restart_each(
                embedded,
                max(seconds * _DISTURBED / (_RESTARTS_A_PROCESS * len(names)), _PAUSE_SECONDS),
                names,
                run.restarted,
                until=run.began + seconds * _DISTURBED,
            )
        ),
        asyncio.create_task(replay_ranges(connection, seconds / 30, run.replayed)),
    ]
    try:
        await filing.at_rate(top * _SHARE, seconds)
        for disturbing in others[1:]:
            await _end(disturbing)
        told = await until_told(url, filing.filed, _SETTLED_SECONDS)
        await asyncio.sleep(_QUIET_SECONDS)
        dead = await _dead_letters(connection)
    finally:
        for other in others:
            await _end(other)
    missing = sum(not told.get(request) for request in filing.filed)
    twice = sum(told.get(request, 0) > 1 for request in filing.filed)
    return [
        Figure(
            "long_run_rate_per_s", [top * _SHARE], note=f"half of {top:.0f}; {ground.log_note}".rstrip("; ")
        ),
        Figure("long_run_filed", [len(filing.filed)]),
        Figure("long_run_unanswered", [filing.unanswered], 0, at_least=False),
        Figure("long_run_restarts", [len(run.restarted)]),
        Figure("long_run_events_replayed", [sum(run.replayed)]),
        Figure("long_run_not_told", [missing], 0, at_least=False),
        Figure("long_run_told_twice", [twice], 0, at_least=False),
        Figure("long_run_dead_letters", [dead], 0, at_least=False),
        *_flatness(run),
    ]


def _flatness(run: Run) -> Sequence[Figure]:
    samples = run.samples
    kinds = (
        ("memory_rise_mb_per_h", samples.uss, _MB_AN_HOUR, "unique set size, of processes that live on"),
        ("rss_rise_mb_per_h", samples.rss, None, "resident set size"),
        ("descriptors_rise_per_h", samples.descriptors, _DESCRIPTORS_AN_HOUR, ""),
        ("threads_rise_per_h", samples.threads, _THREADS_AN_HOUR, ""),
    )
    made = [
        _worst(name, samples.rise_by_process(kind, run.began, run.warm), bound, note)
        for name, kind, bound, note in kinds
    ]
    lasting = {name: list(lives.values())[-1] for name, lives in samples.uss.items()}
    made.append(
        _worst(
            "memory_mb",
            {name: median(value for _, value in life[-5:]) for name, life in lasting.items()},
            None,
            "at the end",
        )
    )
    open_at_end = {name: series[-1][1] for name, series in samples.connections.items()}
    made.append(
        _worst("connections_at_end", open_at_end, _POOLED, "by process; what its pools may hold is the bound")
    )
    made.append(
        _worst(
            "lag_rise_per_h", _rises(samples.lag, run), _LAG_AN_HOUR, "events that a service has not taken"
        )
    )
    made.append(
        _worst(
            "unsent_age_rise_s_per_h",
            _rises(samples.unsent_age, run),
            _AGE_AN_HOUR,
            "the oldest in the outbox",
        )
    )
    return made


def _worst(name: str, by_name: Mapping[str, float], bound: float | None, note: str) -> Figure:
    values = [max(by_name.values())] if by_name else []
    return Figure(f"long_run_{name}", values, bound, at_least=False, parts=by_name, note=note)


def _rises(series: Series, run: Run) -> dict[str, float]:
    return {
        name: slope([one for one in values if one[0] >= run.began + run.warm]) * 3600
        for name, values in series.items()
    }


async def _top_rate(filing: Filing, url: str, requests: int) -> float:
    """Requests a second, from the first one filed until the last resident is told."""
    await filing.burst(requests // 10)  # caches, plans
    await until_told(url, filing.filed, _SETTLED_SECONDS)
    began = time.monotonic()
    await filing.burst(requests)
    await until_told(url, filing.filed, _SETTLED_SECONDS)
    return requests / (time.monotonic() - began)


async def _dead_letters(connection: Connection) -> int:
    found = 0
    for service in connection.urls:
        async with connection.client(service, Role.OPERATOR) as operator:
            found += sum((await operator.get("/v1/operations/status"))["dead"].values())
    return found


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _database_url(embedded: Embedded, database: str) -> str:
    """As the administrator."""
    password = (embedded.home.postgres / "password").read_text()
    port = json.loads((embedded.home.folder / "ports.json").read_text())["postgres"]
    return f"postgresql://postgres:{password}@127.0.0.1:{port}/{database}"
