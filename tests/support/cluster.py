"""Three Apache Kafka brokers on 127.0.0.1 that are one cluster, each also a controller, as deploy/compose.cluster.yml has them."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.testing.kafka_broker import KafkaBroker

SIZE = 3
_HEAP_MB = 256
_PROPERTIES = """\
process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
# Every record in three places, and acknowledged when two have it: one broker may die.
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
share.coordinator.state.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
"""


class Node(KafkaBroker):
    """One broker of a cluster. `voters` are known when the ports of all are."""

    def __init__(self, number: int, folder: Path, take: Callable[[], int]) -> None:
        super().__init__(folder, port=take(), controller_port=take(), heap_mb=_HEAP_MB, short_lived=True)
        self.number = number
        self.voters = ""

    def properties(self) -> str:
        return _PROPERTIES.format(
            number=self.number,
            voters=self.voters,
            port=self.port,
            controller_port=self.controller_port,
            data=self.data,
        )

    def lose_disk(self) -> None:
        """All that the broker had; it has to be down."""
        assert not self.alive()
        shutil.rmtree(self.data)

    def believes(self) -> tuple[int, int]:
        """The epoch of the controllers' quorum and its leader, as this node last wrote them down."""
        state = json.loads((self.data / "__cluster_metadata-0" / "quorum-state").read_text())
        return state["leaderEpoch"], state["leaderId"]


class Cluster:
    """The brokers by number, from 1."""

    def __init__(self, folder: Path, take: Callable[[], int], size: int = SIZE) -> None:
        """`take` gives a free port, none twice."""
        self.nodes: Mapping[int, Node] = {
            number: Node(number, folder / f"kafka-{number}", take) for number in range(1, size + 1)
        }
        voters = ",".join(f"{node.number}@127.0.0.1:{node.controller_port}" for node in self.nodes.values())
        for node in self.nodes.values():
            node.voters = voters

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(node.bootstrap_servers for node in self.nodes.values())

    async def start(self) -> None:
        """All at once: none answers alone. Raises KafkaUnavailable."""
        await asyncio.gather(*(node.start() for node in self.nodes.values()))

    async def stop(self) -> None:
        await asyncio.gather(*(node.stop() for node in self.nodes.values() if node.alive()))

    def controller(self) -> int:
        """The number of the node that leads the controllers."""
        return max(node.believes() for node in self.nodes.values() if node.alive())[1]

    async def coordinator(self, group: str) -> int:
        """The number of the node that keeps the group's members and offsets."""
        async with self._administrator() as client:
            number: int = await client.find_coordinator(group)
        return number

    async def leads(self, number: int, topics: Iterable[str]) -> int:
        """How many partitions of these topics the node leads."""
        return sum(partition["leader"] == number for partition in await self._partitions(topics))

    async def all_in_sync(self, topics: Iterable[str], within: float = 60) -> None:
        """Wait until each partition has all its copies, those of the offsets too. Raises TimeoutError."""
        wanted = [*topics, "__consumer_offsets"]
        deadline = time.monotonic() + within
        while not await self._in_sync(wanted):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not all copies are in sync after {within:.0f} s")
            await asyncio.sleep(0.3)

    async def _in_sync(self, topics: Iterable[str]) -> bool:
        try:
            found = await self._partitions(topics)
        except (KafkaError, OSError):
            return False
        return all(len(partition["isr"]) == len(self.nodes) for partition in found)

    async def _partitions(self, topics: Iterable[str]) -> list[Mapping[str, Any]]:
        async with self._administrator() as client:
            described = await client.describe_topics(list(topics))
        return [partition for topic in described for partition in topic["partitions"]]

    @asynccontextmanager
    async def _administrator(self) -> AsyncIterator[AIOKafkaAdminClient]:
        client = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers, request_timeout_ms=5000)
        try:
            await client.start()
            yield client
        finally:
            await client.close()
