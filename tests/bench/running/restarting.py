"""Each process in turn is killed and started again; between, ranges of events are replayed."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle

from shared.command.connection import CannotConnect, Connection, Refused
from shared.security import Role
from tests.support.embedded import Embedded

_REPLAYED = timedelta(seconds=20)
_PUBLISHERS = ("intake", "casework", "notifications")


async def restart_each(
    embedded: Embedded, pause: float, names: Sequence[str], done: list[str], *, until: float
) -> None:
    """One process after the other, by SIGTERM and SIGKILL in turn, each when the last is back, up to a moment of
    `time.monotonic()`."""
    for number, name in enumerate(cycle(names)):
        await asyncio.sleep(pause)
        if time.monotonic() > until:
            return
        kind = (signal.SIGTERM, signal.SIGKILL)[number // len(names) % 2]
        pid = embedded.postgres() if name == "postgres" else embedded.pids().get(name)
        if pid is not None:
            # PostgreSQL is asked to shut down fast: killed, it would take the other children of its own with it.
            os.kill(pid, signal.SIGINT if name == "postgres" else kind)
            done.append(name)
            await asyncio.sleep(1)  # until the supervisor has noticed
            while not await asyncio.to_thread(embedded.ready):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.5)


async def replay_ranges(connection: Connection, every: float, done: list[int]) -> None:
    """The last seconds of each service again, to everyone. Until cancelled."""
    for service in cycle(_PUBLISHERS):
        await asyncio.sleep(every)
        now = datetime.now(UTC)
        body = {"from": (now - _REPLAYED).isoformat(), "to": now.isoformat()}
        try:
            async with connection.client(service, Role.OPERATOR) as operator:
                done.append(int((await operator.post("/v1/operations/replay", body))["events"]))
        except (CannotConnect, Refused):
            continue
