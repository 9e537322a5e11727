"""Taking brokers away from a cluster while a platform works on it, and measuring what goes on without them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.casework.main import SERVICE as CASEWORK
from shared.contracts.catalogue import SERVICES, TOPICS
from shared.local.layout import Home
from tests.faults.collecting import connect
from tests.faults.ground import Ground, running
from tests.faults.mesh import Mesh, Ports
from tests.support.cluster import Cluster

_GOES_ON_SECONDS = 60.0
"""The other brokers have to notice (9 seconds by default), and clients to find the new leaders."""
_STAYS_DOWN_SECONDS = 4.0
_SETTLES_SECONDS = 3.0
_BETWEEN_SECONDS = 3.0


@asynccontextmanager
async def cluster_ground(folder: Path) -> AsyncIterator[tuple[Ground, Cluster]]:
    """A platform on three brokers, over no proxy and without Redis. Raises KafkaUnavailable, PlatformFailed."""
    home, said = Home(folder / "home"), list[str]()
    mesh = Mesh(home, kafka=False)
    cluster = Cluster(folder, Ports().take)
    async with AsyncExitStack() as open_things:
        open_things.push_async_callback(cluster.stop)
        await cluster.start()
        platform = await open_things.enter_async_context(running(home, cluster.bootstrap_servers, said))
        yield Ground(home, platform, mesh, None, None, None, said), cluster


@dataclass(frozen=True, slots=True)
class Outage:
    """Times in seconds; `filed` and `published` count while the brokers were down."""

    what: str
    brokers: tuple[int, ...]
    filed: int
    published: int
    went_on_after: float
    """From the kill until an event was published again."""
    led: int
    """Partitions of ours that the killed brokers led."""


@dataclass
class Outages:
    """Carries out the three kinds of loss, one after the other."""

    home: Home
    cluster: Cluster
    say: Callable[[str], None] = lambda _: None
    done: list[Outage] = field(default_factory=list)

    async def carry_out(self) -> None:
        await asyncio.sleep(_BETWEEN_SECONDS)
        cluster = self.cluster
        first = cluster.controller()
        await self._one(first, "the controllers' leader")
        second = await cluster.coordinator(CASEWORK.name)
        if second == first:
            second = self._another(first)
        await self._one(second, "a group's coordinator, with its disk", lose_disk=True)
        leader = cluster.controller()
        await self._two(leader, self._another(leader))

    def _another(self, than: int) -> int:
        return next(number for number in self.cluster.nodes if number != than)

    async def _one(self, number: int, what: str, *, lose_disk: bool = False) -> None:
        """The others go on without it; it comes back and catches up."""
        led = await self.cluster.leads(number, TOPICS)
        before, at = await self._counted(), time.monotonic()
        node = self.cluster.nodes[number]
        node.kill()
        if lose_disk:
            node.lose_disk()
        # What was on its way when it died may still be noted.
        await asyncio.sleep(1)
        went_on = await self._goes_on() - at
        await asyncio.sleep(_STAYS_DOWN_SECONDS)
        await self._filed_beyond(before[0])
        after = await self._counted()
        self._note(Outage(what, (number,), after[0] - before[0], after[1] - before[1], went_on, led))
        await node.start()
        await self.cluster.all_in_sync(TOPICS)
        self.say(f"all brokers are in sync again {time.monotonic() - at:.1f} s after the kill")
        await asyncio.sleep(_BETWEEN_SECONDS)

    async def _two(self, *numbers: int) -> None:
        """Nothing is acknowledged by one that is left, and filing goes on; publishing does when one is back."""
        cluster = self.cluster
        led = [await cluster.leads(number, TOPICS) for number in numbers]
        at = time.monotonic()
        for number in numbers:
            cluster.nodes[number].kill()
        await asyncio.sleep(_SETTLES_SECONDS)
        before = await self._counted()
        await asyncio.sleep(2 * _STAYS_DOWN_SECONDS)
        await self._filed_beyond(before[0])
        after = await self._counted()
        await cluster.nodes[numbers[0]].start()
        went_on = await self._goes_on() - at
        gone = Outage("two of three", numbers, after[0] - before[0], after[1] - before[1], went_on, sum(led))
        self._note(gone)
        await cluster.nodes[numbers[1]].start()
        await cluster.all_in_sync(TOPICS)

    def _note(self, outage: Outage) -> None:
        self.done.append(outage)
        self.say(f"{outage}")

    async def _goes_on(self) -> float:
        """The moment at which an event has been published. Raises TimeoutError."""
        _, before = await self._counted()
        deadline = time.monotonic() + _GOES_ON_SECONDS
        while (await self._counted())[1] == before:
            if time.monotonic() > deadline:
                raise TimeoutError("nothing was published again")
            await asyncio.sleep(0.25)
        return time.monotonic()

    async def _filed_beyond(self, count: int) -> None:
        """Clients file in bursts: wait for the next one, and not for ever."""
        deadline = time.monotonic() + _GOES_ON_SECONDS
        while (  # noqa: ASYNC110 - what is waited for happens in a database
            await self._counted()
        )[0] <= count and time.monotonic() < deadline:
            await asyncio.sleep(0.25)

    async def _counted(self) -> tuple[int, int]:
        """Requests that are filed; events that the log has acknowledged, as the relays have noted."""
        filed, published = 0, 0
        for service in SERVICES:
            connection = await connect(self.home, service)
            try:
                published += await connection.fetchval("SELECT position FROM outbox_progress")
                if service == "intake":
                    filed = await connection.fetchval("SELECT count(*) FROM request")
            finally:
                await connection.close()
        return filed, published
