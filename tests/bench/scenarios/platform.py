"""The whole embedded platform as `make run` starts it: cold start, filed → told, memory by process, cache hits."""

import asyncio
import re
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import psutil

from shared.command.connection import Connection
from shared.security import Role
from tests.bench.chains import bare_chain
from tests.bench.figures import Figure, percentile, ratios
from tests.bench.ground import Ground, MeasuringFailed
from tests.support.embedded import RUNNING, Embedded, wait_until

FIGURES = (
    *("cold_start_s", "told_p50_ms", "told_p50_ratio", "told_by_mail_p50_ms", "told_cpu_ms"),
    *("memory_mb", "memory_share_mb", "cache_hit_ratio"),
)
_READY = "ready after"
_START_SECONDS = 120.0
_REQUESTS = 60
_RATE = 4.0  # requests a second: eighty times a city's busiest minute, and a load that the machine bears
_TOLD_SECONDS = 20.0
_MB = 1024 * 1024
_MOST_MB = 106.0
_CACHE = re.compile(r'^longxi_cache_operations_total\{[^}]*outcome="(\w+)"[^}]*\} ([\d.e+]+)$', re.MULTILINE)


async def measure(ground: Ground) -> Sequence[Figure]:
    environment = {"KAFKA_BOOTSTRAP_SERVERS": ground.kafka} if ground.kafka else {}
    folder = ground.folder / "platform"
    folder.mkdir()
    embedded = Embedded(folder, environment)
    ours: list[float] = []
    mailed: list[float] = []
    bare: list[float] = []
    worked: list[float] = []
    try:
        await asyncio.to_thread(embedded.start)
        starts = [await _cold_start(embedded) for _ in range(min(ground.rounds, 3))]
        await asyncio.to_thread(wait_until, lambda: RUNNING in embedded.said, _START_SECONDS, embedded.output)
        connection = Connection.of_home(embedded.home)
        requests = ground.sized(_REQUESTS)
        for _ in range(ground.rounds):
            # New ones each time: whoever tells them has to ask for their contact first.
            for times, mail in ((ours, False), (mailed, True)):
                people = await _residents(connection, requests, mail=mail)
                before = _worked()
                times.append(percentile(await told(connection, people, requests, rate=_RATE), 0.5) * 1000)
                worked.append((_worked() - before) / requests * 1000)
            taken = await bare_chain(ground, requests, _RATE, hops=2)
            bare.append(percentile(taken, 0.5) * 1000)
        memory = {name: psutil.Process(pid).memory_full_info() for name, pid in embedded.pids().items()}
        hits = await _cache_hits(connection)
        await asyncio.to_thread(embedded.stop)
    finally:
        embedded.destroy()
    filed = 2 * ground.rounds * requests
    after = f"after {filed} requests, not after a million events"
    resident = {name: used.rss / _MB for name, used in memory.items()}
    services = {name: size for name, size in resident.items() if "-" in name}
    counted = (
        "from the receipt to the resident's message of the assignment, in the inbox, at the time that its commit "
        "carries; each resident is a new one, whose contact is asked for and the read recorded"
    )
    return [
        Figure("cold_start_s", starts, 15.0, at_least=False),
        Figure("told_p50_ms", ours, note="; ".join(filter(None, [counted, ground.log_note]))),
        ratios("told_p50_ratio", ours, bare, 2.0, at_least=False, note=ground.log_note),
        Figure("told_by_mail_p50_ms", mailed, note="the same by mail, until the server took it"),
        Figure(
            "told_cpu_ms",
            worked,
            note="CPU time of the whole machine for each request, from filing until all three are told and known to be",
        ),
        Figure(
            "memory_mb",
            [max(services.values())],
            _MOST_MB,
            at_least=False,
            parts=resident,
            note=f"resident; the largest service process counts; {after}",
        ),
        Figure(
            "memory_share_mb",
            [sum(used.pss for used in memory.values()) / _MB],
            parts={name: used.pss / _MB for name, used in memory.items()},
            note=f"proportional: a page that several processes share is divided among them; {after}",
        ),
        Figure(
            "cache_hit_ratio",
            [hits] if hits is not None else [],
            note="" if hits is not None else "no cache was asked",
        ),
    ]


def _worked() -> float:
    """CPU seconds that the machine has spent at work."""
    times = psutil.cpu_times()
    return float(times.user + times.system)


async def _cold_start(embedded: Embedded) -> float:
    """Seconds from the command until every process is ready; the folder was set up before."""
    await asyncio.to_thread(embedded.stop)
    started = time.perf_counter()
    await asyncio.to_thread(embedded.start, _READY)
    return time.perf_counter() - started


async def _residents(connection: Connection, number: int, *, mail: bool) -> Sequence[str]:
    """So many new ones, who are told by mail or in the inbox, at any hour."""
    made: list[str] = []
    async with connection.client("intake", Role.HEAD) as head:
        for count in range(number):
            email = {"email": f"resident{count}@example.com"} if mail else {}
            made.append((await head.post("/v1/residents", {"name": f"居民{count}", **email}))["id"])
    return made


async def told(
    connection: Connection, residents: Sequence[str], requests: int, *, rate: float = 10.0
) -> Sequence[float]:
    """Seconds from each receipt until the resident's message of the assignment is delivered."""
    filed: dict[UUID, float] = {}
    started = time.perf_counter()
    async with connection.client("intake", Role.PORTAL) as portal:
        for number in range(requests):
            await asyncio.sleep(max(started + number / rate - time.perf_counter(), 0))
            said = {
                "resident": residents[number % len(residents)],
                "subject": "路灯不亮",
                "body": "请处理。",
                "channel": "portal",
            }
            answer = await portal.post("/v1/requests", said, key=str(uuid4()))
            filed[UUID(answer["id"])] = time.time()
    async with connection.client("notifications", Role.OPERATOR) as operator:
        return [await _delivered(operator, id) - at for id, at in filed.items()]


async def _delivered(operator: Any, request: UUID) -> float:
    """When the message of the assignment reached the resident. Raises MeasuringFailed."""
    deadline = time.monotonic() + _TOLD_SECONDS
    while time.monotonic() < deadline:
        lines = (await operator.get("/v1/messages", about=str(request), limit=50))["items"]
        for line in lines:
            mine = line["event"] == "worker.assigned" and line["recipient_kind"] == "resident"
            if mine and line["state"] == "delivered":
                return datetime.fromisoformat(line["finished"]).timestamp()
        await asyncio.sleep(0.2)
    raise MeasuringFailed(f"the resident of a request was not told within {_TOLD_SECONDS:.0f} s: {lines}")


async def _cache_hits(connection: Connection) -> float | None:
    """Share of all look-ups in caches that found something, over all processes."""
    found: dict[str, float] = {}
    async with httpx.AsyncClient(trust_env=False) as http:
        for url in [*connection.urls.values(), *connection.workers.values()]:
            for outcome, count in _CACHE.findall((await http.get(f"{url}/metrics")).text):
                found[outcome] = found.get(outcome, 0.0) + float(count)
    asked = found.get("hit", 0.0) + found.get("miss", 0.0)
    return found.get("hit", 0.0) / asked if asked else None
