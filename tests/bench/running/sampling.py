"""Looking at a running platform every few seconds: memory, descriptors, threads, connections, lag, the unsent."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg
import httpx
import psutil

from shared.command.connection import Connection
from shared.security import Role
from tests.bench.running.flat import rise_of_lives
from tests.support.embedded import Embedded

_EVERY_SECONDS = 3.0
_MB = 1024 * 1024
_CONNECTIONS = """
SELECT application_name AS name, count(*) AS open FROM pg_stat_activity
WHERE backend_type = 'client backend' AND application_name LIKE 'longxi%' GROUP BY 1
"""
Series = dict[str, list[tuple[float, float]]]


@dataclass(slots=True)
class Samples:
    """Time series by name; of processes, one list for each life of each."""

    rss: Mapping[str, dict[int, list[tuple[float, float]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    uss: Mapping[str, dict[int, list[tuple[float, float]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    descriptors: Mapping[str, dict[int, list[tuple[float, float]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    threads: Mapping[str, dict[int, list[tuple[float, float]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    connections: Series = field(default_factory=lambda: defaultdict(list))
    lag: Series = field(default_factory=lambda: defaultdict(list))
    unsent_age: Series = field(default_factory=lambda: defaultdict(list))

    def rise_by_process(
        self, kind: Mapping[str, dict[int, list[tuple[float, float]]]], since: float, warm: float
    ) -> dict[str, float]:
        """Change an hour by process, without the first `warm` seconds of the run and of each life."""
        rises = {}
        for name, lives in kind.items():
            kept = [
                [one for one in life if one[0] >= max(since, life[0][0]) + warm]
                for life in lives.values()
                if life
            ]
            rises[name] = rise_of_lives(kept) * 3600
        return rises


async def sample(embedded: Embedded, connection: Connection, database_url: str, samples: Samples) -> None:
    """Until cancelled. Whatever is away just now, since it is being started again, is left out."""
    admin: asyncpg.Connection[asyncpg.Record] | None = None
    async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
        while True:
            now = time.monotonic()
            await asyncio.to_thread(_processes, embedded, samples, now)
            try:
                admin = admin or await asyncpg.connect(database_url)
                for row in await admin.fetch(_CONNECTIONS):
                    samples.connections[row["name"]].append((now, float(row["open"])))
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                admin = None
            await asyncio.gather(
                *(_status(http, connection, service, samples) for service in connection.workers)
            )
            await asyncio.sleep(max(_EVERY_SECONDS - (time.monotonic() - now), 0))


def _processes(embedded: Embedded, samples: Samples, now: float) -> None:
    for name, pid in {**embedded.pids(), "postgres": embedded.postgres()}.items():
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                memory, descriptors, threads = (
                    process.memory_full_info(),
                    process.num_fds(),
                    process.num_threads(),
                )
        except psutil.NoSuchProcess:
            continue
        samples.rss[name][pid].append((now, memory.rss / _MB))
        samples.uss[name][pid].append((now, memory.uss / _MB))
        samples.descriptors[name][pid].append((now, float(descriptors)))
        samples.threads[name][pid].append((now, float(threads)))


async def _status(http: httpx.AsyncClient, connection: Connection, service: str, samples: Samples) -> None:
    headers = {"Authorization": f"Bearer {connection.bearer(Role.OPERATOR)}"}
    try:
        answer = await http.get(f"{connection.urls[service]}/v1/operations/status", headers=headers)
    except httpx.TransportError:
        return
    if answer.is_error:
        return
    said, now = answer.json(), time.monotonic()
    samples.lag[service].append((now, float(sum((said["lag"] or {}).values()))))
    samples.unsent_age[service].append((now, float(said["oldest_unsent_seconds"] or 0.0)))


def ends(series: Sequence[tuple[float, float]], count: int = 5) -> tuple[float, float]:
    """The lowest of the first and of the last few samples: a connection that stays after it was needed is in both."""
    return min(value for _, value in series[:count]), min(value for _, value in series[-count:])
