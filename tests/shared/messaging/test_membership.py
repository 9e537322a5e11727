"""What a member of a Kafka group may commit, when it was thrown out and came back: a moment that no broker makes on demand."""

from dataclasses import dataclass, field
from typing import Any

from aiokafka.structs import TopicPartition

from shared.messaging.kafka.membership import Membership
from shared.messaging.records import Record


@dataclass
class Consumer:
    """As much of aiokafka's as a membership asks."""

    generation: int = 1
    committed: list[dict[TopicPartition, int]] = field(default_factory=list)

    @property
    def _coordinator(self) -> "Consumer":
        return self

    async def commit(self, places: dict[TopicPartition, int]) -> None:
        self.committed.append(places)


def read(partition: int, offset: int) -> Record:
    return Record("topic", b"key", b"value", partition=partition, offset=offset)


async def test_what_was_lost_with_one_membership_is_not_committed_in_the_next() -> None:
    consumer: Any = Consumer()
    membership = Membership(consumer, handover=1)
    await membership.on_partitions_revoked([])  # at every join, also the first
    await membership.on_partitions_assigned([])
    assert membership.accept(membership.epoch, [read(2, 14), read(3, 20)])
    consumer.generation = -1  # the broker does not know it any more, and it joins again while it is at work
    await membership.on_partitions_revoked([])
    consumer.generation = 3
    await membership.on_partitions_assigned([])
    assert membership.accept(membership.epoch, [read(0, 5)])
    await membership.commit()
    assert consumer.committed == [{TopicPartition("topic", 0): 6}]
