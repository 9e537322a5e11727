"""/healthz: the process lives. /readyz: it can do its work. /metrics: its numbers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.observing import metrics
from shared.observing.measuring import Measure, Measuring

_PATIENCE = 2.0  # seconds for all parts together; who asks gives up after 3 to 5
SYSTEM_PATHS = ("/healthz", "/readyz", "/metrics")

log = logging.getLogger(__name__)
_UP = metrics.gauge("part_up", "1 while a part that the process stands on answers", ["part"])


@dataclass(frozen=True, slots=True)
class Check:
    """One part that a service stands on. `probe` raises what keeps it from working."""

    probe: Callable[[], Awaitable[Any]]
    required: bool = True
    """Without it the service can do nothing; without another it is degraded, and ready."""


Checks = Mapping[str, Check]


def readiness_of(database: Any, event_log: Any, cache: Any) -> Checks:
    """The usual parts. Only the database is required: an event waits in the outbox while the log is away, and a cache
    that is down makes every answer slower and none wrong."""
    return {
        "database": Check(database.ping),
        "log": Check(event_log.ping, required=False),
        "cache": Check(cache.ping, required=False),
    }


async def readiness(checks: Checks) -> tuple[str, dict[str, str]]:
    """`ready`, `degraded` or `unready`, and each part `up` or `down`."""
    states = dict(
        zip(
            checks,
            await asyncio.gather(*(_state(name, check) for name, check in checks.items())),
            strict=True,
        )
    )
    for name, state in states.items():
        _UP.labels(part=name).set(state == "up")
    down = [name for name, state in states.items() if state == "down"]
    if any(checks[name].required for name in down):
        return "unready", states
    return ("degraded" if down else "ready"), states


async def _state(name: str, check: Check) -> str:
    try:
        async with asyncio.timeout(_PATIENCE):
            await check.probe()
    except Exception as error:
        log.warning("a part is down", extra={"part": name, "error": type(error).__name__})
        return "down"
    return "up"


def system_routes(checks: Checks, measures: Sequence[Measure] = ()) -> list[Route]:
    """The three routes for machines that watch over the service; open, and outside of the documented API.

    The metrics say of each part whether it answers, and whatever else `measures` look up when they are asked for.
    """

    async def look_at_parts() -> None:
        await readiness(checks)

    measuring = Measuring([Measure(look_at_parts, (_UP,)), *measures])

    async def healthz(_request: Request) -> Response:
        return _json({"status": "alive"})

    async def readyz(_request: Request) -> Response:
        status, parts = await readiness(checks)
        return _json({"status": status, "parts": parts}, 503 if status == "unready" else 200)

    async def numbers(_request: Request) -> Response:
        await measuring()
        body, content_type = metrics.exposition()
        return Response(body, media_type=content_type)

    handlers = (healthz, readyz, numbers)
    return [
        Route(path, handler, include_in_schema=False)
        for path, handler in zip(SYSTEM_PATHS, handlers, strict=True)
    ]


def _json(content: Mapping[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


__all__ = ["SYSTEM_PATHS", "Check", "Checks", "readiness", "readiness_of", "system_routes"]
