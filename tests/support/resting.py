"""Waiting until a platform is at rest, by what its tables and its log say."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

import asyncpg

from shared.clock import Clock

_LATER = timedelta(seconds=60)
"""What is not due within so long waits for something else: the end of quiet hours, the next attempt at a provider."""
_MESSAGES = """
SELECT (SELECT count(*) FROM outbox_unsent) AS unsent,
       (SELECT count(*) FROM outbox_replay WHERE finished_at IS NULL) AS replays,
       (SELECT count(*) FROM inbox_stream WHERE due_at IS NOT NULL) AS held,
       (SELECT count(*) FROM outbox) AS recorded,
       (SELECT count(*) FROM inbox) AS received
"""
_SENDING = """
SELECT (SELECT count(*) FROM message WHERE finished IS NULL AND (lease IS NOT NULL OR not_before IS NULL OR not_before <= $1)) AS messages,
       (SELECT count(*) FROM webhook_delivery
        WHERE finished IS NULL AND (lease IS NOT NULL OR not_before IS NULL OR not_before <= $1)) AS deliveries
"""
_PROGRESS = ("recorded", "received")


class Service(Protocol):
    """What is looked at of a running service."""

    @property
    def service(self) -> Any: ...
    @property
    def runtime(self) -> Any: ...
    @property
    def admin(self) -> asyncpg.Connection: ...


async def at_rest(services: Sequence[Service], clock: Clock, within: float) -> None:
    """Until nothing is left to do. Seen twice with the same numbers: an event may pass between two looks."""
    deadline = time.monotonic() + within
    before: dict[str, int] = {}
    while True:
        state = await _state(services, clock)
        left = {name: number for name, number in state.items() if number and not name.endswith(_PROGRESS)}
        if not left and state == before:
            return
        assert time.monotonic() < deadline, f"not at rest after {within:.0f} s: {left}"
        before = state
        await asyncio.sleep(0.05)


async def _state(services: Sequence[Service], clock: Clock) -> dict[str, int]:
    state: dict[str, int] = {}
    for one in services:
        name = one.service.name
        row = await one.admin.fetchrow(_MESSAGES)
        state |= {f"{name} {key}": value for key, value in row.items()}
        if name == "notifications":
            sending = await one.admin.fetchrow(_SENDING, clock() + _LATER)
            state |= dict(sending.items())
    if not any(number for name, number in state.items() if not name.endswith(_PROGRESS)):
        # Asking Kafka takes longer than all of the above.
        lags = await asyncio.gather(*(_lag(one) for one in services))
        state |= {f"{one.service.name} lag": lag for one, lag in zip(services, lags, strict=True)}
    return state


async def _lag(one: Service) -> int:
    topics = list(dict.fromkeys(one.service.consumes))
    return sum((await one.runtime.log.lag(one.service.name, topics)).values())
