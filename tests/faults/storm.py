"""Clients that file requests while processes are killed at random moments; a seed makes the moments the same again."""

import asyncio
import os
import random
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from shared.command.connection import Connection, ServiceClient
from shared.local.platform import Platform
from shared.security import Role
from tests.faults.checker import History

_CLIENTS = 4
_PATIENCE = timedelta(seconds=60)
_WORDS = ("路灯不亮", "楼道堆物", "井盖松动", "电梯停运", "垃圾没清", "占道停车")


@dataclass
class Storm:
    """`pause` is the mean number of seconds between two kills."""

    platform: Platform
    connection: Connection
    seed: int
    requests: int
    kills: int
    pause: float = 1.0
    victims: Sequence[str] = ()
    """Names of processes to kill; the services' processes where none are given."""
    history: History = field(default_factory=History)
    killed: list[str] = field(default_factory=list)

    async def people(self) -> Sequence[UUID]:
        """Workers with an address, a grid, and residents who are told in the inbox, at any hour."""
        async with self.connection.client("casework", Role.HEAD) as head:
            workers = [
                (
                    await head.post(
                        "/v1/workers",
                        {
                            "staff_number": f"F{number}",
                            "name": f"工作者{number}",
                            "email": f"f{number}@longxi.example",
                        },
                    )
                )["id"]
                for number in range(5)
            ]
            grid = {"code": "all", "kind": "area", "name": "全区", "owner": workers[0], "catch_all": True}
            await head.post("/v1/grids", grid)
        async with self.connection.client("intake", Role.HEAD) as head:
            made = [await head.post("/v1/residents", {"name": f"居民{number}"}) for number in range(20)]
        return [UUID(one["id"]) for one in made]

    async def blow(self, residents: Sequence[UUID]) -> None:
        """File everything and kill so often; both have to come to their end."""
        luck = random.Random(self.seed)  # noqa: S311 - chance for a test
        seeds = [luck.random() for _ in range(_CLIENTS)]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._kill(random.Random(luck.random())))  # noqa: S311
            for number, seed in enumerate(seeds):
                share = self.requests // _CLIENTS + (number < self.requests % _CLIENTS)
                tasks.create_task(self._file(random.Random(seed), share, residents))  # noqa: S311

    async def _file(self, luck: random.Random, count: int, residents: Sequence[UUID]) -> None:
        """As a portal does: each filing with a key of its own, asked again until it is answered."""
        mean = self.pause * self.kills / count
        async with self.connection.client("intake", Role.PORTAL, patience=_PATIENCE) as client:
            for _ in range(count):
                await self._file_one(client, luck, residents)
                await asyncio.sleep(luck.expovariate(1 / mean))

    async def _file_one(self, client: ServiceClient, luck: random.Random, residents: Sequence[UUID]) -> None:
        key = str(uuid4())
        said = {
            "resident": str(luck.choice(residents)),
            "subject": luck.choice(_WORDS),
            "body": "请处理。",
            "channel": "portal",
            "urgency": luck.choice(("normal", "urgent", "long")),
            "address": f"龙溪路{luck.randrange(1, 99)}号",
        }
        self.history.asked.add(key)
        answer: Mapping[str, str] = await client.post("/v1/requests", said, key=key)
        self.history.acknowledged[key] = UUID(answer["id"])

    async def _kill(self, luck: random.Random) -> None:
        while len(self.killed) < self.kills:
            await asyncio.sleep(luck.expovariate(1 / self.pause))
            alive = {
                name: pid
                for name, pid in self.platform.pids().items()
                if name in self.victims or (not self.victims and name.endswith(("-api", "-worker")))
            }
            if alive:
                name = luck.choice(sorted(alive))
                os.kill(alive[name], signal.SIGKILL)
                self.killed.append(name)
