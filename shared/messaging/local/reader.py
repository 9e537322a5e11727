"""A member of a consumer group on the local log."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from asyncpg import Connection

from shared.messaging.local import groups
from shared.messaging.local.connecting import CHANNEL, PASSING, connect
from shared.messaging.local.fetching import fetch
from shared.messaging.local.holdings import Holdings
from shared.messaging.log import Fenced, LogError, LogOptions, LogUnavailable
from shared.messaging.pauses import pauses
from shared.messaging.records import Record

logger = logging.getLogger(__name__)


class LocalReader:
    """See `Reader`. A task in the background holds the session that the member lives by, and its heart beats there."""

    def __init__(
        self,
        url: str,
        group: str,
        topics: Sequence[str],
        options: LogOptions,
        ensure_topics: Callable[[Sequence[str]], Awaitable[None]],
    ) -> None:
        self._url = url
        self._group = group
        self._topics = frozenset(topics)
        self._options = options
        self._ensure_topics = ensure_topics
        self._keeper: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._using = asyncio.Lock()  # a connection does one thing at a time
        self._holdings = Holdings()
        self._records_came = asyncio.Event()
        self._attention = asyncio.Event()
        self._closing = False
        self._reading = asyncio.Event()
        self._last_active = time.monotonic()

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep_alive())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._attention.set()
        self._reading.set()
        if self._keeper is not None:
            if self._connection is None:
                self._keeper.cancel()  # it is waiting for a server; there is no group to leave
            await asyncio.wait({self._keeper})

    async def read(self, max_records: int = 500, timeout: float = 1.0) -> Sequence[Record]:  # noqa: ASYNC109
        deadline = time.monotonic() + timeout
        self._reading.set()
        try:
            while True:
                if self._keeper is not None and self._keeper.done():
                    self._keeper.result()  # it ends only by an error that will not pass
                self._records_came.clear()
                records = await self._fetch(max_records)
                left = deadline - time.monotonic()
                if records or left <= 0:
                    return records
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._records_came.wait()
        finally:
            self._reading.clear()
            self._last_active = time.monotonic()

    async def commit(self) -> None:
        self._last_active = time.monotonic()
        in_hand = self._holdings.in_hand
        if not in_hand:
            return
        stored = False
        try:
            async with asyncio.timeout(self._options.commit_timeout), self._using:
                if self._connection is not None:
                    stored = await groups.commit(self._connection, self._group, self._member, in_hand)
        except PASSING as failure:
            raise LogUnavailable(f"committing as group {self._group}: {failure!r}") from failure
        if stored:
            self._holdings.settle()
        else:
            self._holdings.drop()
        self._attention.set()  # what was in hand may now be given away, or be read again
        if not stored:
            raise Fenced(f"group {self._group} went on without this member")

    async def _fetch(self, max_records: int) -> Sequence[Record]:
        async with self._using:
            holdings = self._holdings
            if self._connection is None or not holdings.positions:
                return ()
            try:
                found = await fetch(self._connection, holdings.in_turn(), holdings.names, max_records)
            except PASSING:
                self._attention.set()  # the keeper sees to it
                return ()
            return holdings.take(found)

    async def _keep_alive(self) -> None:
        waiting = pauses()
        while not self._closing:
            try:
                await self._ensure_topics(sorted(self._topics))
                await self._live()
                waiting = pauses()
            except (LogError, *PASSING) as failure:
                logger.warning("group %s: the session is lost, joining again: %r", self._group, failure)
                await asyncio.sleep(next(waiting))
            finally:
                self._records_came.set()

    async def _live(self) -> None:
        """One session: join, and stay until closing, or until the session fails or is stuck."""
        self._attention.clear()
        connection = await connect(self._url)
        try:
            await connection.add_listener(CHANNEL, self._hear)
            connection.add_termination_listener(lambda _: self._attention.set())
            await self._join(connection)
            async with self._using:
                self._connection = connection
            while not self._closing and not self._is_stuck():
                self._attention.clear()
                async with self._using:
                    await self._attend(connection)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._options.heartbeat):
                        await self._attention.wait()
            async with self._using:
                await groups.leave(connection, self._group, self._member, self._options.handover)
        finally:
            async with self._using:
                self._connection = None
                self._holdings.lose_all()
            with contextlib.suppress(*PASSING):
                await connection.close(timeout=1)
        if not self._closing:
            logger.warning(
                "group %s: the member is stuck and left; it joins again when it reads", self._group
            )
            await self._reading.wait()

    async def _join(self, connection: Connection) -> None:
        self._member: UUID = uuid4()
        self._generation = -1
        options = self._options
        await groups.join(
            connection,
            self._group,
            self._member,
            sorted(self._topics),
            session_timeout=options.session_timeout,
            handover=options.handover,
        )

    async def _attend(self, connection: Connection) -> None:
        """A heartbeat, and whatever it shows to be done."""
        pulse = await groups.beat(connection, self._group, self._member)
        if pulse is None:
            logger.warning("group %s: the member was taken for dead, joining again", self._group)
            self._holdings.lose_all()
            await self._join(connection)
        elif pulse.deaths:
            await groups.bury(connection, self._group, self._options.handover)
        elif pulse.handovers:
            await groups.hand_over(connection, self._group, self._member, self._holdings.in_hand)
        elif pulse.generation == self._generation and not self._holdings.stale:
            return
        self._generation = pulse.generation if pulse is not None else -1
        self._holdings.update(await groups.owned(connection, self._group, self._member))
        self._records_came.set()

    def _is_stuck(self) -> bool:
        idle = time.monotonic() - self._last_active
        return not self._reading.is_set() and idle > self._options.max_processing

    def _hear(self, connection: Any, pid: int, channel: str, notice: str) -> None:
        kind, _, name = notice.partition(":")
        if kind == "topic" and name in self._topics:
            self._records_came.set()
        elif kind == "group" and name == self._group:
            self._attention.set()
