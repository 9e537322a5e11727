"""Filing at a steady rate whatever is being restarted, and counting who was told."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg

from shared.command.connection import CannotConnect, Connection, ServiceClient
from shared.security import Role

_PORTALS = 4
_PATIENCE = timedelta(minutes=3)
_TOLD = """
SELECT about, count(*) FILTER (WHERE state = 'delivered') AS delivered FROM message
WHERE event = 'worker.assigned' AND recipient_kind = 'resident' GROUP BY about
"""


@dataclass(slots=True)
class Filing:
    """Requests that were acknowledged."""

    connection: Connection
    residents: Sequence[str]
    filed: set[UUID] = field(default_factory=set)
    unanswered: int = 0
    """Given up after minutes of trying; whether they were filed is not known."""
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def at_rate(self, rate: float, seconds: float) -> None:
        """Each comes when it comes, and is tried with its key until it is answered."""
        started = time.monotonic()
        async with self._portals() as portals:
            for number in itertools.count():
                due = started + number / rate
                if due > started + seconds:
                    break
                await asyncio.sleep(max(due - time.monotonic(), 0))
                self._begin(portals[number % _PORTALS], number)
            await asyncio.gather(*self._tasks)

    async def burst(self, requests: int, at_once: int = 16) -> None:
        """So many, as fast as they are answered."""
        numbers = iter(range(requests))
        async with self._portals() as portals:

            async def one() -> None:
                for number in numbers:
                    await self._file(portals[number % _PORTALS], number)

            await asyncio.gather(*(one() for _ in range(at_once)))

    @asynccontextmanager
    async def _portals(self) -> AsyncIterator[Sequence[ServiceClient]]:
        """As many as their limits let through."""
        async with AsyncExitStack() as stack:
            yield [
                await stack.enter_async_context(
                    self.connection.client("intake", Role.PORTAL, f"portal-{number}", patience=_PATIENCE)
                )
                for number in range(_PORTALS)
            ]

    def _begin(self, portal: ServiceClient, number: int) -> None:
        task = asyncio.create_task(self._file(portal, number))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _file(self, portal: ServiceClient, number: int) -> None:
        said = {
            "resident": self.residents[number % len(self.residents)],
            "subject": "路灯不亮",
            "body": "请处理。",
            "channel": "portal",
        }
        try:
            answer = await portal.post("/v1/requests", said, key=str(uuid4()))
        except CannotConnect:
            self.unanswered += 1
        else:
            self.filed.add(UUID(answer["id"]))


async def delivered(database_url: str) -> dict[UUID, int]:
    """By request, how many messages of its assignment reached its resident."""
    admin = await asyncpg.connect(database_url)
    rows = await admin.fetch(_TOLD)
    await admin.close()
    return {row["about"]: row["delivered"] for row in rows}


async def until_told(database_url: str, requests: set[UUID], within: float) -> dict[UUID, int]:
    """Wait until all of them are told, or the time is over; what there is then."""
    deadline = time.monotonic() + within
    while True:
        found = await delivered(database_url)
        if all(found.get(request) for request in requests) or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.5)
