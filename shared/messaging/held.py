"""The loop that looks after held events: retries what is due, releases what waited, asks for what is missing."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from shared.database import Database
from shared.messaging import held_events, statements
from shared.messaging.consumer import Consumer
from shared.messaging.failures import passing
from shared.messaging.gaps import AskFor, Gap, ask
from shared.messaging.measures import EVENTS
from shared.messaging.releasing import STREAMS_AT_ONCE, Release, release
from shared.messaging.streams import Key
from shared.messaging.taking import take
from shared.observing import get_logger

_log = get_logger(__name__)
_LOOK_AGAIN = 1.0
"""Seconds after which a change made by another process (an operator's retry) is seen; one look at an index."""
_TOGETHER = 0.2
"""Seconds in which what comes due is left to come together: a transaction for each would disturb the inbox."""

_DUE = (
    "SELECT topic, aggregate FROM inbox_stream WHERE consumer = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3"
)
_POSTPONE = """
UPDATE inbox_stream SET due_at = $4 WHERE consumer = $1 AND topic = $2 AND aggregate = $3 AND due_at IS NOT NULL
"""
_UNREADABLE = """
DELETE FROM held_event WHERE id = (
    SELECT id FROM held_event
    WHERE consumer = $1 AND aggregate IS NULL AND state = 'retrying' AND next_attempt_at <= $2
    LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING *
"""


class _Step(NamedTuple):
    due: bool
    progress: bool
    """There may be more to do at once."""


class HeldLoop:
    """Works for one consumer; several of a service's workers may run it at once."""

    def __init__(
        self,
        database: Database,
        consumer: Consumer,
        since: Mapping[str, datetime],
        ask_for: AskFor | None = None,
    ) -> None:
        self._database = database
        self._consumer = consumer
        self._since = since
        self._ask_for = ask_for
        self.wake = asyncio.Event()
        """Set when something was held, so that the loop looks at once."""

    async def run(self) -> None:
        """Until cancelled. Raises when the database is away."""
        while True:
            self.wake.clear()
            if (await self._step()).progress:
                continue
            await asyncio.sleep(_TOGETHER)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN):
                    await self.wake.wait()

    async def step(self) -> bool:
        """Everything that is due now, once. False if nothing was."""
        return (await self._step()).due

    async def _step(self) -> _Step:
        unreadable = await self._take_unreadable()
        try:
            async with self._database.everywhere() as session:
                releases = [await release(session, self._consumer)]
        except Exception as error:
            _log.warning("held events go stream by stream", error=type(error).__name__)
            releases = await self._release_each()
        await asyncio.gather(*(self._ask(gap) for one in releases for gap in one.gaps))
        applied = sum(one.applied for one in releases)
        streams = sum(one.streams for one in releases)
        self._count("applied", applied)
        self._count("dead", sum(one.dead for one in releases))
        return _Step(unreadable or streams > 0, unreadable or applied > 0 or streams == STREAMS_AT_ONCE)

    async def _release_each(self) -> list[Release]:
        """Each due stream in a transaction of its own, so that a passing fault of one keeps nobody else."""
        async with self._database.everywhere() as session:
            rows = await statements.fetch(
                session, _DUE, self._consumer.name, self._consumer.clock(), STREAMS_AT_ONCE
            )
        return [await self._release(Key(row.topic, row.aggregate)) for row in rows]

    async def _release(self, key: Key) -> Release:
        try:
            async with self._database.everywhere() as session:
                return await release(session, self._consumer, key)
        except Exception as error:
            if passing(error):
                await self._postpone(key, error)
                return Release(streams=1)
            # The commit itself failed, on a deferred constraint perhaps: that is the first event's failure.
            failure = error
        async with self._database.everywhere() as session:
            return await release(session, self._consumer, key, failure=failure)

    async def _postpone(self, key: Key, error: Exception) -> None:
        _log.warning("held events could not be tried just now", topic=key.topic, error=type(error).__name__)
        due_at = self._consumer.clock() + self._consumer.again.delay(5)
        async with self._database.everywhere() as session:
            await statements.execute(
                session, _POSTPONE, self._consumer.name, key.topic, key.aggregate, due_at
            )

    async def _take_unreadable(self) -> bool:
        """A record without an envelope whose retry an operator asked for: read it as if it had just come."""
        try:
            return await self._take_one_unreadable(None)
        except Exception as error:
            if passing(error):
                raise
            failure = error
        return await self._take_one_unreadable(failure)

    async def _take_one_unreadable(self, failure: Exception | None) -> bool:
        consumer = self._consumer
        async with self._database.everywhere() as session:
            rows = await statements.fetch(session, _UNREADABLE, consumer.name, consumer.clock())
            records = [held_events.record_of(row) for row in rows]
            taken = await take(session, consumer, records, self._since, failure=failure)
        for outcome, number in taken.outcomes.items():
            self._count(outcome, number)
        return bool(rows)

    async def _ask(self, gap: Gap) -> None:
        if self._ask_for is not None:
            await ask(self._database, self._consumer.name, self._ask_for, gap, self._consumer.clock())

    def _count(self, outcome: str, number: int) -> None:
        if number:
            EVENTS.labels(consumer=self._consumer.name, outcome=outcome).inc(number)
