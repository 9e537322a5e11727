"""One blocked stream: try its first held event again, and let those that wait behind it follow in order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.messaging import held_events, statements
from shared.messaging.applying import apply, prepare
from shared.messaging.consumer import Consumer
from shared.messaging.envelope import Envelope, Malformed
from shared.messaging.failures import DeadLetterReason, HeldState, Retry, passing
from shared.messaging.gaps import Gap
from shared.messaging.held_events import Holding
from shared.messaging.streams import Key
from shared.messaging.taking import after_failure

_AT_ONCE = 100
"""Held events of a stream in one transaction."""

_LOCK = """
SELECT sequence, highest, asks FROM inbox_stream
WHERE consumer = $1 AND topic = $2 AND aggregate = $3 AND due_at <= $4 FOR UPDATE SKIP LOCKED
"""
_SAVE = """
UPDATE inbox_stream SET sequence = $4, highest = $5, due_at = $6, asks = $7, version = version + 1, head = (
    SELECT min(sequence) FROM held_event WHERE consumer = $1 AND topic = $2 AND aggregate = $3
)
WHERE consumer = $1 AND topic = $2 AND aggregate = $3
"""


@dataclass(slots=True)
class Release:
    """What was done with a stream."""

    applied: int = 0
    dead: int = 0
    gap: Gap | None = None


@dataclass(slots=True)
class _Stream:
    key: Key
    sequence: int
    highest: int
    asks: int
    due_at: datetime | None = None
    done: list[UUID] = field(default_factory=list)


async def release(
    session: AsyncSession, consumer: Consumer, key: Key, *, failure: Exception | None = None
) -> Release:
    """Do what is due. With `failure`, which an earlier transaction of the same events ended with, run no handler."""
    now, result = consumer.clock(), Release()
    rows = await statements.fetch(session, _LOCK, consumer.name, key.topic, key.aggregate, now)
    if not rows:
        return result  # another worker has it, or it is no longer due
    stream = _Stream(key, rows[0].sequence, rows[0].highest, rows[0].asks)
    held = await held_events.of_stream(session, consumer.name, key, _AT_ONCE)
    await _walk(session, consumer, stream, held, result=result, failure=failure)
    await held_events.remove(session, stream.done)
    await statements.execute(
        session,
        _SAVE,
        consumer.name,
        key.topic,
        key.aggregate,
        stream.sequence,
        stream.highest,
        stream.due_at,
        stream.asks,
    )
    return result


async def _walk(
    session: AsyncSession,
    consumer: Consumer,
    stream: _Stream,
    held: Sequence[Any],
    *,
    result: Release,
    failure: Exception | None,
) -> None:
    now = consumer.clock()
    for row in held:
        if row.sequence <= stream.sequence:
            stream.done.append(row.id)
            continue
        if row.sequence > stream.sequence + 1:
            await _missing(session, consumer, stream, row, result)
            return
        stream.asks = 0
        if row.state == HeldState.DEAD and row.reason != DeadLetterReason.GAP:
            return
        if row.next_attempt_at is not None and row.next_attempt_at > now:
            stream.due_at = row.next_attempt_at
            return
        error = failure or await _attempt(session, consumer, stream, row)
        if isinstance(error, Retry):
            stream.due_at = now + consumer.again.delay(5)
            return
        if error is not None:
            holding = after_failure(consumer, error, attempts=row.attempts + 1, now=now)
            await held_events.change(session, row.id, holding)
            stream.due_at = holding.next_attempt_at
            result.dead += holding.state is HeldState.DEAD
            return
        stream.done.append(row.id)
        stream.sequence = row.sequence
        stream.highest = max(stream.highest, row.sequence)
        result.applied += 1
    if len(held) == _AT_ONCE:
        stream.due_at = now


async def _missing(
    session: AsyncSession, consumer: Consumer, stream: _Stream, row: Any, result: Release
) -> None:
    """Something is missing before this event: ask once more, or give up."""
    if row.state == HeldState.DEAD:
        return
    first, last = stream.sequence + 1, row.sequence - 1
    if consumer.asks.gives_up(stream.asks):
        text = f"{last - first + 1} events before this one never came"
        dead = Holding(HeldState.DEAD, DeadLetterReason.GAP, text, row.attempts)
        await held_events.change(session, row.id, dead)
        result.dead += 1
        return
    if row.reason != DeadLetterReason.GAP:
        await held_events.change(session, row.id, Holding(HeldState.WAITING, DeadLetterReason.GAP))
    stream.asks += 1
    stream.due_at = consumer.clock() + consumer.asks.delay(stream.asks)
    result.gap = Gap(stream.key, row.tenant, first, last)


async def _attempt(session: AsyncSession, consumer: Consumer, stream: _Stream, row: Any) -> Exception | None:
    """Apply one event; the error if that failed. Raises where the database is at fault."""
    again = row.sequence <= stream.highest
    try:
        envelope = Envelope.from_record(held_events.record_of(row))
        due = prepare(consumer, stream.key, envelope, again=again)
        if due is not None:
            async with session.begin_nested():
                await apply(session, [due])
    except Malformed as error:
        raise RuntimeError("a held event lost its envelope") from error
    except Exception as error:
        if passing(error) and not isinstance(error, Retry):
            raise
        return error  # back at the savepoint, and so in the scope from before it
    return None
