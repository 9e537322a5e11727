"""What a member of the local log holds: partitions, places in them, and what it has read and not committed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.messaging.records import Record, TopicPartition


@dataclass(frozen=True, slots=True)
class Owned:
    """A partition that is the member's, and where its group stands in it."""

    partition_id: int
    topic: str
    number: int
    token: int
    committed: int


@dataclass(frozen=True, slots=True)
class InHand:
    """Read up to (not with) `offset` under `token`."""

    token: int
    offset: int


class Holdings:
    """Plain bookkeeping, without a connection."""

    def __init__(self) -> None:
        self.positions: dict[int, int] = {}
        """The next offset to read of each partition, by partition id."""
        self.names: dict[int, TopicPartition] = {}
        self.in_hand: dict[int, InHand] = {}
        self.stale = True
        """The database must say again what is ours, and where the group stands."""
        self._tokens: dict[int, int] = {}
        self._turn = 0

    def update(self, owned: Sequence[Owned]) -> None:
        """What the database says. A partition held all along is read on; a new one from the committed offset."""
        self.positions = {
            one.partition_id: self.positions[one.partition_id]
            if not self.stale and self._tokens.get(one.partition_id) == one.token
            else one.committed
            for one in owned
        }
        self._tokens = {one.partition_id: one.token for one in owned}
        self.names = {one.partition_id: TopicPartition(one.topic, one.number) for one in owned}
        self.stale = False

    def in_turn(self) -> dict[int, int]:
        """The positions, each time beginning with the next partition, so that a busy one starves no other."""
        self._turn += 1
        items = list(self.positions.items())
        first = self._turn % len(items)
        return dict(items[first:] + items[:first])

    def take(self, found: Iterable[tuple[int, Record]]) -> list[Record]:
        """The records are given out now; the next commit covers them."""
        records = []
        for partition_id, record in found:
            self.positions[partition_id] = record.offset + 1
            records.append(record)
        for partition_id in {partition_id for partition_id, _ in found}:
            # An older token stays: what was read under it is lost, and the commit has to fail.
            before = self.in_hand.get(partition_id)
            token = before.token if before is not None else self._tokens[partition_id]
            self.in_hand[partition_id] = InHand(token, self.positions[partition_id])
        return records

    def settle(self) -> None:
        """What was in hand is committed."""
        self.in_hand = {}

    def drop(self) -> None:
        """What was in hand is refused: all is read again from where the group stands."""
        self.in_hand = {}
        self.positions = {}
        self.stale = True

    def lose_all(self) -> None:
        """The membership is over. What is in hand stays, to be refused at its commit."""
        self.positions = {}
        self.stale = True
