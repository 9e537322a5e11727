"""A real Prometheus with our rules watches a running platform, and every panel of every dashboard has something to show."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette

from shared.testing.serving import serving
from shared.web.health import readiness_of, system_routes
from tests.deploy.test_observe import DASHBOARDS, expressions
from tests.support.community import Community
from tests.support.messaging import eventually
from tests.support.platform import Platform, on_the_embedded_parts
from tests.support.prometheus import RULES, filled_in, program

# What stays without data while all is well and there is no Redis: nothing was retried, refused, missed or replayed.
QUIET = (
    "longxi_cache_circuit_open",
    "longxi_dead_letters",
    "longxi_gap_asks_total",
    "longxi_inbox_batches_again_total",
    "longxi_inbox_batches_split_total",
    "longxi_loop_restarts_total",
    "longxi_messages_held_total",
    "longxi_outbox_replayed_total",
    "longxi_outside_failures_total",
    "longxi_outside_retries_total",
    "longxi_requests_excluded_total",
    "longxi_webhook_calls_total",
    'status="4xx"',
    'status=~"5xx|none"',
    "ALERTS",
)


class Prometheus:
    """A server of its own, in a folder of the test."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, trust_env=False)

    async def ready(self) -> bool:
        try:
            return (await self._http.get("/-/ready")).status_code == 200
        except httpx.TransportError:
            return False

    async def ask(self, expression: str) -> list[Any]:
        """The answer now, without what is not a number."""
        answer = await self._http.post("/api/v1/query", data={"query": expression})
        assert answer.status_code == 200, f"{expression}: {answer.text}"
        found: list[Any] = answer.json()["data"]["result"]
        return found

    async def has(self, expression: str) -> bool:
        return bool(await self.ask(expression))

    async def rules(self) -> Mapping[str, str]:
        """Health of each rule."""
        groups = (await self._http.get("/api/v1/rules")).json()["data"]["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}


@asynccontextmanager
async def prometheus(binary: str, folder: Path, target: str) -> AsyncIterator[Prometheus]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # JSON is YAML. Everything of ours is one process here, so one target stands for all.
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [f"{RULES}/*.yml"],
        "scrape_configs": [
            {
                "job_name": "longxi",
                "static_configs": [{"targets": [target], "labels": {"app": "intake", "role": "worker"}}],
            }
        ],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        binary,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "GOMAXPROCS": "1"},
    )
    try:
        server = Prometheus(f"http://127.0.0.1:{port}")
        await eventually(server.ready, seconds=30)
        yield server
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def exposed(platform: Platform) -> AsyncIterator[str]:
    """`host:port` of the metrics of all services, as a worker shows its own."""
    workers = [running._work for running in platform.running.values()]
    measures = [one for work in workers if work is not None for one in work.measures]
    stands_on = platform.running["intake"].runtime
    parts = readiness_of(stands_on.database, stands_on.log, stands_on.cache)
    async with serving(Starlette(routes=system_routes(parts, measures))) as url:
        yield url.removeprefix("http://")


async def lives(platform: Platform, community: Community) -> None:
    """One request from filing to the call-back, and one that comes back once."""
    workers = [
        await community.worker("欧阳明瑾", email="ouyang@longxi.example"),
        await community.worker("上官慧兰", email="shangguan@longxi.example"),
    ]
    await community.grid(workers[0], catch_all=True, kind="area")
    resident = await community.resident("司徒婉清", phone="19900001001")
    filed = await community.file(resident, "楼道灯坏了三天")
    await platform.settle()
    await community.handled(filed.id)
    await community.decide(filed.id, "verify")
    await community.decide(filed.id, "close", {"outcome": "resolved"})
    rating = {"responded": True, "resolved": True, "satisfied": True}
    await community.resident_at("intake", resident).post(f"/v1/requests/{filed.id}/rate", rating)
    other = await community.file(resident, "小区外墙渗水")
    await platform.settle()
    worker = UUID((await community.case(other.id))["worker"])
    returned = {"reason": "out_of_scope"}
    await community.worker_at("casework", worker).post(f"/v1/cases/{other.id}/return", returned)
    await platform.settle()


async def silent_panels(server: Prometheus) -> list[str]:
    return [
        f"{path.stem}: {expression}"
        for path in DASHBOARDS
        for expression in expressions(path)
        if not any(word in expression for word in QUIET) and not await server.ask(filled_in(expression))
    ]


@pytest.fixture
def binary() -> str:
    """Asked for first: without it no platform is started."""
    return program("prometheus")


@on_the_embedded_parts
async def test_every_panel_has_something_to_show(
    binary: str, platform: Platform, community: Community, tmp_path: Path
) -> None:
    async with exposed(platform) as target, prometheus(binary, tmp_path, target) as server:
        await eventually(lambda: server.has("longxi_outbox_unsent"), seconds=20)
        await lives(platform, community)
        await eventually(lambda: server.has('longxi_requests_rated_total{satisfied="yes"} > 0'), seconds=20)
        silent: list[str] = []

        async def nothing_is_silent() -> bool:
            silent[:] = await silent_panels(server)
            return not silent

        # A look at a busy machine may come too late for Prometheus, and its numbers are gone until the next.
        with suppress(TimeoutError):
            await eventually(nothing_is_silent, seconds=30)
        assert silent == []
        assert set((await server.rules()).values()) == {"ok"}
        firing = {alert["metric"]["alertname"] for alert in await server.ask('ALERTS{alertstate="firing"}')}
        assert firing <= {"ProcessMissing"}, "one process stands for all here"
