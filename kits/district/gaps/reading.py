"""Reading topics from a time or from their beginning up to where they end now, and then on, as a member of no group."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import TopicAuthorizationFailedError, UnknownTopicOrPartitionError
from aiokafka.structs import TopicPartition

from gaps.report import Seen
from longxi_district.access import Access
from longxi_district.events import Unreadable, read

_POLL_MS = 500


class UnknownTopic(Exception):
    """A topic that is not there, or that this user may not see."""


class Reading:
    """What of the topics was read, in `seen`; it commits nothing."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        self.seen = Seen()
        self._consumer = consumer
        self._partitions = partitions

    async def to_the_end(self) -> None:
        """Up to where the topics end at this moment."""
        ends = await self._consumer.end_offsets(self._partitions)
        open_ones = {
            place for place in self._partitions if await self._consumer.position(place) < ends[place]
        }
        while open_ones:
            await self._poll()
            for place in list(open_ones):
                if await self._consumer.position(place) >= ends[place]:
                    open_ones.discard(place)

    async def on(self, seconds: float) -> AsyncIterator[None]:
        """What comes from now on, for so long at most; control comes back after each piece."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await self._poll()
            yield

    async def _poll(self) -> None:
        found = await self._consumer.getmany(timeout_ms=_POLL_MS)
        for records in found.values():
            for record in records:
                try:
                    self.seen.note(read(record))
                except Unreadable:
                    self.seen.unreadable += 1


@asynccontextmanager
async def reading(access: Access, topics: Sequence[str], since: datetime | None) -> AsyncIterator[Reading]:
    """From `since`, by the brokers' clock, or from the beginning. Raises UnknownTopic."""
    # Of no group, it is given all partitions of the topics, moves nobody's offsets, and needs no leave to join one.
    consumer = AIOKafkaConsumer(
        *topics, **access.clients(), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        await consumer.start()
        partitions = sorted(consumer.assignment())
        if {place.topic for place in partitions} != set(topics):
            raise UnknownTopicOrPartitionError
        await _begin(consumer, partitions, since)
        yield Reading(consumer, partitions)
    except (UnknownTopicOrPartitionError, TopicAuthorizationFailedError) as error:
        raise UnknownTopic(
            f"one of {', '.join(topics)} is not there, or this user may not read it"
        ) from error
    finally:
        await consumer.stop()


async def _begin(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], since: datetime | None
) -> None:
    if since is None:
        await consumer.seek_to_beginning(*partitions)
        return
    moment = int(since.timestamp() * 1000)
    found = await consumer.offsets_for_times(dict.fromkeys(partitions, moment))
    ends = await consumer.end_offsets(partitions)
    for place in partitions:
        # None: nothing is as young as that.
        consumer.seek(place, found[place].offset if found.get(place) else ends[place])
