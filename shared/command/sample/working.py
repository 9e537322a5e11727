"""The sample's workers at work: each signs for the own cases, and some are handled, checked, closed and rated."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from shared.command.connection import Connection
from shared.security.principal import Role

_HANDLED = 12
"""How many of the requests go the whole way; the others stay in the workers' hands, as on any day."""
_PATIENCE_SECONDS = 60.0


async def work(connection: Connection, requests: Sequence[str], residents: Mapping[str, str]) -> None:
    """Until every given request is signed for. `residents` gives each request's resident."""
    handled = set(sorted(requests)[:_HANDLED])
    waiting = set(requests)
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    async with connection.client("casework", Role.HEAD) as head:
        while waiting and asyncio.get_running_loop().time() < deadline:
            cases = [case for case in await _open_cases(head) if case["id"] in waiting and case["worker"]]
            for case in cases:
                await _sign(connection, case, handle=case["id"] in handled)
                waiting.discard(case["id"])
            if waiting:
                await asyncio.sleep(0.1)
    for request in sorted(handled - waiting):
        await _finish(connection, request, residents[request])


async def _open_cases(head: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await head.get("/v1/cases", state="open", limit=200))["items"]
    return items


async def _sign(connection: Connection, case: Mapping[str, Any], *, handle: bool) -> None:
    async with connection.client("casework", Role.WORKER, case["worker"]) as worker:
        path = f"/v1/cases/{case['id']}"
        await worker.post(f"{path}/accept")
        if handle:
            await worker.post(f"{path}/start")
            await worker.post(f"{path}/submit", {"result": "resolved", "effort_minutes": 45})


async def _finish(connection: Connection, request: str, resident: str) -> None:
    """Check, close and rate, once intake has heard that the work is done."""
    async with connection.client("intake", Role.HEAD) as head:
        if await _reaches(head, request, "handled"):
            await head.post(f"/v1/requests/{request}/verify")
            await head.post(f"/v1/requests/{request}/close", {"outcome": "resolved"})
    async with connection.client("intake", Role.RESIDENT, resident) as person:
        rating = {"responded": True, "resolved": True, "satisfied": True}
        await person.post(f"/v1/requests/{request}/rate", rating)


async def _reaches(head: Any, request: str, state: str) -> bool:
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        # The story, not the request itself: reading a request's words is recorded for its resident to see.
        if (await head.get(f"/v1/requests/{request}/story"))["state"] == state:
            return True
        await asyncio.sleep(0.05)
    return False
