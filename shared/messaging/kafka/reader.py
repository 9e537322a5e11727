"""A member of a consumer group on Kafka."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from shared.messaging.kafka.administration import ensure_topics
from shared.messaging.kafka.closing import close
from shared.messaging.kafka.membership import Membership
from shared.messaging.log import DEFAULT_PARTITIONS, Fenced, LogError, LogOptions, LogUnavailable
from shared.messaging.pauses import pauses
from shared.messaging.records import Record

logger = logging.getLogger(__name__)

_ANSWER_SECONDS = 10.0
_AHEAD_SECONDS = 0.25
"""For so long fetching goes on while a batch is being worked on; who takes longer is not waiting for the log."""


class KafkaReader:
    """See `Reader`. A task in the background opens the consumer, and opens a new one when it broke."""

    def __init__(self, servers: str, group: str, topics: Sequence[str], options: LogOptions) -> None:
        self._servers = servers
        self._group = group
        self._topics = list(topics)
        self._options = options
        self._keeper: asyncio.Task[None] | None = None
        self._membership: Membership | None = None
        self._opened = asyncio.Event()
        self._broken = asyncio.Event()
        self._closing = asyncio.Event()
        # Fetched and not yet read, each batch with the membership and the epoch that it belongs to. aiokafka fetches
        # nothing while it holds something, so what comes during one batch's work would only be asked for at the next.
        self._ahead: list[tuple[Membership, int, list[Record]]] = []
        self._arrived = asyncio.Event()
        self._fetching: asyncio.Task[None] | None = None
        self._fetch_until = 0.0
        # Where the records since the last commit were read: more than one place means that some are lost.
        self._read_in: set[tuple[Membership, int]] = set()

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep_open())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._broken.set()
        if self._keeper is not None:
            await self._keeper

    async def read(self, max_records: int = 500, timeout: float = 1.0) -> Sequence[Record]:  # noqa: ASYNC109
        deadline = time.monotonic() + timeout
        while True:
            if self._keeper is not None and self._keeper.done():
                self._keeper.result()  # it ends only by an error that will not pass
            left = max(deadline - time.monotonic(), 0)
            membership = await self._opened_membership(left)
            if membership is None:
                return ()
            if records := self._take_ahead(max_records):
                self._fetch_on(membership, max_records, _AHEAD_SECONDS)
                return records
            if not self._fetch_on(membership, max_records, left):
                self._break()
                continue
            # Never cancelled for a timeout: aiokafka would then take the member for one that still reads.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left + 0.05):
                    await self._arrived.wait()
            if time.monotonic() >= deadline and not self._ahead:
                return ()

    def _take_ahead(self, max_records: int) -> list[Record]:
        """What was fetched, as far as it may still be given out."""
        self._arrived.clear()
        records: list[Record] = []
        while self._ahead and len(records) < max_records:
            membership, epoch, found = self._ahead.pop(0)
            found, rest = found[: max_records - len(records)], found[max_records - len(records) :]
            if rest:
                self._ahead.insert(0, (membership, epoch, rest))
            if membership is self._membership and membership.accept(epoch, found):
                self._read_in.add((membership, epoch))
                records += found
        return records

    def _fetch_on(self, membership: Membership, max_records: int, within: float) -> bool:
        """See to it that fetching goes on for so many seconds. False if it failed."""
        self._fetch_until = time.monotonic() + within
        fetching = self._fetching
        if fetching is not None and not fetching.done():
            return True
        if fetching is not None and not fetching.cancelled():
            failure = fetching.exception()
            if isinstance(failure, KafkaError):
                self._fetching = None
                logger.warning("group %s: reading failed, joining again: %r", self._group, failure)
                return False
            if failure is not None:
                raise failure
        self._fetching = asyncio.create_task(self._fetch(membership, max_records))
        return True

    async def _fetch(self, membership: Membership, max_records: int) -> None:
        """Until there is a whole batch. Not for longer than asked: then the member is one that no longer reads."""
        try:
            while (room := max_records - sum(len(records) for _, _, records in self._ahead)) > 0:
                epoch, records = await membership.fetch(room, max(self._fetch_until - time.monotonic(), 0))
                if records:
                    self._ahead.append((membership, epoch, records))
                    self._arrived.set()
                if time.monotonic() >= self._fetch_until:
                    return
        finally:
            self._arrived.set()

    async def commit(self) -> None:
        read_in, self._read_in = self._read_in, set()
        if not read_in:
            return
        membership = self._membership
        if membership is None or (membership, membership.epoch) not in read_in:
            raise Fenced(f"group {self._group} went on without this member")
        if len(read_in) > 1:
            # Only a new start puts the place back before both the lost batch and the one read after it.
            membership.settle()
            self._break()
            raise Fenced(f"group {self._group} went on without this member")
        try:
            async with asyncio.timeout(self._options.commit_timeout):
                await membership.commit()
        except (KafkaError, OSError, TimeoutError) as failure:
            self._read_in = read_in
            raise LogUnavailable(f"committing as group {self._group}: {failure!r}") from failure

    async def _opened_membership(self, within: float) -> Membership | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._opened.wait()
        return self._membership

    def _break(self) -> None:
        self._membership = None
        self._ahead.clear()
        self._opened.clear()
        self._broken.set()

    async def _keep_open(self) -> None:
        waiting = pauses()
        while not self._closing.is_set():
            self._broken.clear()
            consumer = self._new_consumer()
            try:
                await ensure_topics(self._servers, self._topics, DEFAULT_PARTITIONS, self._options)
                await consumer.start()
                membership = Membership(consumer, self._options.handover)
                consumer.subscribe(self._topics, listener=membership)
            except (KafkaError, LogError, OSError) as failure:
                logger.warning("group %s: joining failed, trying again: %r", self._group, failure)
            else:
                self._membership = membership
                self._opened.set()
                await self._broken.wait()
                self._break()
                membership.settle()
                waiting = pauses()
            await self._close(consumer)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(next(waiting)):
                    await self._closing.wait()

    async def _close(self, consumer: AIOKafkaConsumer) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
        await close(consumer, f"group {self._group}")

    def _new_consumer(self) -> AIOKafkaConsumer:
        options = self._options
        # What the broker allows the members for rejoining: the batch in hand, then the join itself.
        rebalance = options.handover + options.session_timeout
        return AIOKafkaConsumer(
            **options.access.clients(self._servers),
            group_id=self._group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level="read_committed",
            session_timeout_ms=_ms(options.session_timeout),
            heartbeat_interval_ms=_ms(options.heartbeat),
            max_poll_interval_ms=_ms(options.max_processing),
            rebalance_timeout_ms=_ms(rebalance),
            # By default five minutes, for which a member whose topics were not there when it joined would read nothing.
            metadata_max_age_ms=_ms(options.topics_seen),
            # A join is answered only when all have joined.
            request_timeout_ms=_ms(rebalance + _ANSWER_SECONDS),
        )


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
