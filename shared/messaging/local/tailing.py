"""Following topics of the local log without being a member of a group."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from asyncpg import Connection

from shared.messaging.local.connecting import CHANNEL, PASSING, connect
from shared.messaging.local.fetching import fetch
from shared.messaging.pauses import pauses
from shared.messaging.records import Record, TopicPartition

# Notices wake it; this only bounds the wait for a connection that died without a word.
_LOOK_ANYWAY_SECONDS = 30.0
_BATCH = 500


async def tail(url: str, topics: Sequence[str], *, from_start: bool) -> AsyncGenerator[Record, None]:
    """Goes on after the last record given when the session was lost. Topics must exist when it begins."""
    positions: dict[int, int] = {}
    came = asyncio.Event()

    def hear(connection: Any, pid: int, channel: str, notice: str) -> None:
        came.set()

    waiting = pauses()
    while True:
        connection = None
        try:
            connection = await connect(url)
            await connection.add_listener(CHANNEL, hear)
            connection.add_termination_listener(lambda _: came.set())
            names = await _begin(connection, topics, positions, from_start=from_start)
            waiting = pauses()
            while positions:
                came.clear()
                found = await fetch(connection, positions, names, _BATCH)
                for partition_id, record in found:
                    positions[partition_id] = record.offset + 1
                    yield record
                if not found:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_ANYWAY_SECONDS):
                            await came.wait()
        except PASSING:
            await asyncio.sleep(next(waiting))
        finally:
            if connection is not None:
                connection.terminate()


async def _begin(
    connection: Connection, topics: Sequence[str], positions: dict[int, int], *, from_start: bool
) -> dict[int, TopicPartition]:
    rows = await connection.fetch(
        "SELECT id, topic, number, first_offset, next_offset FROM event_log.partition WHERE topic = ANY ($1)",
        list(topics),
    )
    for row in rows:
        positions.setdefault(row["id"], row["first_offset"] if from_start else row["next_offset"])
    return {row["id"]: TopicPartition(row["topic"], row["number"]) for row in rows}
