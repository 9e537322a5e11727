"""Publishing a stream and waiting for what the consumer makes of it.

After each `publish` a marker goes to every partition: an event of a request of its own. When the consumer lists the
markers it has gone past everything before them, so nothing has to be waited for by guess.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from longxi_district.access import Access
from testkit.judging import Point, complete, judge
from testkit.listing import Listing, NoListing, Source
from testkit.streams import Expected, Line, Publish, Stream, marker

_LOOK_SECONDS = 0.2


class Stopped(Exception):
    """The consumer does not go on."""


async def make_topic(access: Access, topic: str, partitions: int) -> None:
    """Make the topic unless it is there. Raises what Kafka says against it."""
    admin = AIOKafkaAdminClient(**access.clients())
    try:
        await admin.start()
        answer = await admin.create_topics([NewTopic(topic, partitions, 1)])
        for _, code, *_message in answer.topic_errors:
            if code not in {0, TopicAlreadyExistsError.errno}:
                raise for_code(code)(topic)
    finally:
        await admin.close()


@asynccontextmanager
async def publishing(access: Access) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**access.clients(), acks="all", enable_idempotence=True)
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


@dataclass(slots=True)
class Trial:
    """A run of streams against one consumer."""

    producer: AIOKafkaProducer
    topic: str
    source: Source
    run: str
    within: float
    """Seconds to wait for the consumer at each step."""
    missing_lines: bool = True
    _markers: list[Line] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def stream(self, stream: Stream) -> list[Point]:
        """Every point that was looked at, in order. Raises Stopped."""
        points: list[Point] = []
        for step in stream.steps:
            if isinstance(step, Publish):
                await self._publish(step)
            else:
                points += judge(step, await self._listing(step), missing_lines=self.missing_lines)
        return points

    async def _publish(self, step: Publish) -> None:
        for record in step.records:
            # One by one: the order of a key is the order in which they are sent.
            await self.producer.send_and_wait(
                self.topic, record.value, key=record.key, headers=list(record.headers)
            )
        self._markers = []
        for partition in sorted(await self.producer.partitions_for(self.topic)):
            record, line = marker(self.run, next(self._numbers))
            await self.producer.send_and_wait(
                self.topic,
                record.value,
                key=record.key,
                headers=list(record.headers),
                partition=partition,
            )
            self._markers.append(line)

    async def _listing(self, expected: Expected) -> Listing:
        """As soon as the consumer is past the markers and has all that is expected, or when the time is up."""
        deadline = time.monotonic() + self.within
        while True:
            listing, trouble = await self._look()
            past = _past(self._markers, listing)
            if past and complete(expected, listing, missing_lines=self.missing_lines):
                return listing
            if time.monotonic() > deadline:
                if past:
                    return listing
                raise Stopped(trouble or f"it did not get past what was published within {self.within:g} s")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self) -> tuple[Listing, str]:
        try:
            return await self.source.get(), ""
        except NoListing as error:
            return Listing(), str(error)


def _past(markers: Sequence[Line], listing: Listing) -> bool:
    there = {line.id for line in listing.applied}
    return all(line.id in there for line in markers)
