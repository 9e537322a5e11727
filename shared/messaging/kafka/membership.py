"""One consumer's place in its group, across rebalances."""

import asyncio
import contextlib
from collections.abc import Collection, Sequence

from aiokafka import AIOKafkaConsumer
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError
from aiokafka.structs import TopicPartition

from shared.messaging.kafka.records import received
from shared.messaging.log import Fenced
from shared.messaging.records import Record


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]
    """Adds to aiokafka's consumer what it lacks: it gives up its whole assignment at each rebalance, whatever is
    still being worked on, and it commits for partitions that were away in the meantime.

    `epoch` counts assignments. What was fetched in one can be committed in that one only.
    """

    def __init__(self, consumer: AIOKafkaConsumer, handover: float) -> None:
        self.epoch = 0
        self._consumer = consumer
        self._handover = handover
        self._generation = -1
        self._places: dict[TopicPartition, int] = {}
        self._settled = asyncio.Event()
        # From the wait for the last batch until the epoch ends: one that is given out now could not be committed.
        self._revoking = False
        # The last epoch whose commit was refused: aiokafka may still hold records that follow the refused ones.
        self._dead_epoch = 0

    async def fetch(self, max_records: int, within: float) -> tuple[int, list[Record]]:
        """The epoch, and the records that belong to it."""
        found = await self._consumer.getmany(timeout_ms=int(within * 1000), max_records=max_records)
        return self.epoch, [received(record) for records in found.values() for record in records]

    def accept(self, epoch: int, records: Sequence[Record]) -> bool:
        """Whether the records may be given out. If so, the next commit covers them."""
        if self._revoking or epoch != self.epoch or epoch <= self._dead_epoch:
            return False
        for record in records:
            self._places[TopicPartition(record.topic, record.partition)] = record.offset + 1
        self._settled.clear()
        return True

    async def commit(self) -> None:
        """Raises Fenced, KafkaError."""
        epoch = self.epoch
        try:
            self._check_generation()
            await self._consumer.commit(dict(self._places))
            # Sent while the membership was lost, a commit counts as one of no member, and no broker refuses that.
            self._check_generation()
        except (CommitFailedError, IllegalStateError) as refusal:
            self._dead_epoch = epoch
            self.settle()
            raise Fenced(str(refusal)) from refusal
        self.settle()

    def settle(self) -> None:
        """Nothing is being worked on any more."""
        self._places.clear()
        self._settled.set()

    def _check_generation(self) -> None:
        if not self._is_member():
            raise CommitFailedError("the group went on without this member")

    def _is_member(self) -> bool:
        # Set by the heartbeat as soon as the broker says that it does not know us; no public name for it.
        generation: int = self._consumer._coordinator.generation
        return generation == self._generation

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """aiokafka rejoins when this returns; until then its heart beats, and the old generation may commit."""
        self._revoking = True
        if self._places and self._is_member():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._handover):
                    await self._settled.wait()
        self.settle()  # what is left belongs to this epoch, and no other may commit it
        self.epoch += 1
        self._revoking = False

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._generation = self._consumer._coordinator.generation
