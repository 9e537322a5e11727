"""Blocked streams: try the first held event of each again, and let those that wait behind it follow in order.

Many streams in one transaction, since poison comes in numbers: their events go to the handlers together, and those that
fail again are found as in any batch.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import EVERYWHERE, scope
from shared.messaging import held_events, statements
from shared.messaging.applying import Due, prepare
from shared.messaging.consumer import Consumer
from shared.messaging.envelope import Envelope, Malformed
from shared.messaging.failures import DeadLetterReason, HeldState, Rejected
from shared.messaging.gaps import Gap
from shared.messaging.held_events import Holding
from shared.messaging.isolating import Failure, apply_others
from shared.messaging.streams import Key
from shared.messaging.taking import after_failure

STREAMS_AT_ONCE = 50
_EVENTS_AT_ONCE = 10
"""Held events of a stream in one transaction; with all streams as many as in a batch from the log."""

_LOCK = """
SELECT topic, aggregate, sequence, highest, asks FROM inbox_stream
WHERE consumer = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_LOCK_ONE = """
SELECT topic, aggregate, sequence, highest, asks FROM inbox_stream
WHERE consumer = $1 AND due_at <= $2 AND topic = $3 AND aggregate = $4 FOR UPDATE SKIP LOCKED
"""
# The rows are there and locked, so this never inserts: an upsert, since the planner may look for the rows of an UPDATE
# with a join over the whole table.
_SAVE = """
INSERT INTO inbox_stream AS stream (consumer, topic, aggregate, sequence, highest, due_at, asks, version)
SELECT $1, changed.*, 0 FROM unnest(
    $2::text[], $3::uuid[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::smallint[]
) AS changed (topic, aggregate, sequence, highest, due_at, asks)
ON CONFLICT (aggregate, topic, consumer) DO UPDATE
SET sequence = excluded.sequence, highest = excluded.highest, due_at = excluded.due_at, asks = excluded.asks,
    version = stream.version + 1, head = (
        SELECT min(held.sequence) FROM held_event AS held
        WHERE held.consumer = excluded.consumer AND held.topic = excluded.topic
          AND held.aggregate = excluded.aggregate
    )
"""


@dataclass(slots=True)
class Release:
    """What was done."""

    streams: int = 0
    applied: int = 0
    dead: int = 0
    gaps: list[Gap] = field(default_factory=list)


class _Step(NamedTuple):
    """A held event whose turn it is: to be applied, nobody's business here (no `due`), or rejected (`error`)."""

    row: Any
    due: Due | None
    error: Exception | None = None


@dataclass(slots=True)
class _Stream:
    key: Key
    sequence: int
    highest: int
    asks: int
    due_at: datetime | None = None
    steps: list[_Step] = field(default_factory=list)
    stop: Any = None
    """The first held event whose turn it is not."""
    more: bool = False
    """Held events have not all been read."""


@dataclass(slots=True)
class _Changes:
    """What becomes of held events."""

    done: list[UUID] = field(default_factory=list)
    holdings: dict[UUID, Holding] = field(default_factory=dict)


async def release(
    session: AsyncSession, consumer: Consumer, only: Key | None = None, *, failure: Exception | None = None
) -> Release:
    """Do what is due, in the session's transaction (scope `*`); raises passing faults.

    Of one stream, or of any that nobody else works at. With `failure`, which an earlier transaction of that one stream
    ended with, its first event has failed and no handler runs.
    """
    now, result, changes = consumer.clock(), Release(), _Changes()
    streams = await _locked(session, consumer, only, now)
    if not streams:
        return result
    held = await held_events.of_streams(session, consumer.name, list(streams), _EVENTS_AT_ONCE)
    events = _plan(consumer, streams, held, changes, now)
    if failure is not None:
        failures: Mapping[Key, Failure] = {one.key: Failure(one.place, failure) for one in events[:1]}
    else:
        failures = await apply_others(session, events)
        await scope(session, EVERYWHERE)
    for stream in streams.values():
        _settle(consumer, stream, failures.get(stream.key), changes, result=result, now=now)
    await held_events.remove(session, changes.done)
    await held_events.change_all(session, changes.holdings)
    await _save(session, consumer, list(streams.values()))
    result.streams = len(streams)
    return result


async def _locked(
    session: AsyncSession, consumer: Consumer, only: Key | None, now: datetime
) -> dict[Key, _Stream]:
    """Due streams; none that another worker has."""
    if only is None:
        rows = await statements.fetch(session, _LOCK, consumer.name, now, STREAMS_AT_ONCE)
    else:
        rows = await statements.fetch(session, _LOCK_ONE, consumer.name, now, *only)
    keys = [Key(row.topic, row.aggregate) for row in rows]
    return {
        key: _Stream(key, row.sequence, row.highest, row.asks) for key, row in zip(keys, rows, strict=True)
    }


def _plan(
    consumer: Consumer,
    streams: Mapping[Key, _Stream],
    held: Sequence[Any],
    changes: _Changes,
    now: datetime,
) -> list[Due]:
    """The events whose turn it is; `held` has each stream's in order."""
    events: list[Due] = []
    last: dict[Key, int] = {key: stream.sequence for key, stream in streams.items()}
    read = Counter[Key]()
    for row in held:
        key = Key(row.topic, row.aggregate)
        stream = streams[key]
        read[key] += 1
        stream.more = read[key] == _EVENTS_AT_ONCE
        if row.sequence <= last[key]:
            changes.done.append(row.id)
        elif stream.stop is None and not _is_rejected(stream):
            if row.sequence > last[key] + 1 or not _is_due(row, now):
                stream.stop = row
                continue
            step = _step(consumer, stream, row, len(events))
            stream.steps.append(step)
            last[key] = row.sequence
            if step.due is not None:
                events.append(step.due)
    return events


def _is_due(row: Any, now: datetime) -> bool:
    if row.state == HeldState.DEAD and row.reason != DeadLetterReason.GAP:
        return False
    return row.next_attempt_at is None or row.next_attempt_at <= now


def _is_rejected(stream: _Stream) -> bool:
    return bool(stream.steps) and stream.steps[-1].error is not None


def _step(consumer: Consumer, stream: _Stream, row: Any, place: int) -> _Step:
    try:
        envelope = Envelope.from_record(held_events.record_of(row))
        return _Step(
            row, prepare(consumer, place, stream.key, envelope, again=row.sequence <= stream.highest)
        )
    except Rejected as error:
        return _Step(row, None, error)
    except Malformed as error:
        raise RuntimeError("a held event lost its envelope") from error


def _settle(
    consumer: Consumer,
    stream: _Stream,
    failure: Failure | None,
    changes: _Changes,
    *,
    result: Release,
    now: datetime,
) -> None:
    """Move the stream over what was applied, up to the first that was not."""
    for row, due, rejected in stream.steps:
        stream.asks = 0
        failed = failure is not None and due is not None and due.place == failure.place
        error = failure.error if failure is not None and failed else rejected
        if error is not None:
            holding = after_failure(consumer, error, attempts=row.attempts + 1, now=now)
            changes.holdings[row.id] = holding
            stream.due_at = holding.next_attempt_at
            result.dead += holding.state is HeldState.DEAD
            return
        changes.done.append(row.id)
        stream.sequence = row.sequence
        stream.highest = max(stream.highest, row.sequence)
        result.applied += 1
    if stream.stop is None:
        stream.due_at = now if stream.more else None
    elif stream.stop.sequence > stream.sequence + 1:
        _missing(consumer, stream, stream.stop, changes, result)
    else:
        stream.asks = 0
        dead = stream.stop.state == HeldState.DEAD
        stream.due_at = None if dead else stream.stop.next_attempt_at


def _missing(consumer: Consumer, stream: _Stream, row: Any, changes: _Changes, result: Release) -> None:
    """Something is missing before this event: ask once more, or give up."""
    if row.state == HeldState.DEAD:
        return
    first, last = stream.sequence + 1, row.sequence - 1
    if consumer.asks.gives_up(stream.asks):
        text = f"{last - first + 1} events before this one never came"
        changes.holdings[row.id] = Holding(HeldState.DEAD, DeadLetterReason.GAP, text, row.attempts)
        result.dead += 1
        return
    if row.reason != DeadLetterReason.GAP:
        changes.holdings[row.id] = Holding(HeldState.WAITING, DeadLetterReason.GAP)
    stream.asks += 1
    stream.due_at = consumer.clock() + consumer.asks.delay(stream.asks)
    result.gaps.append(Gap(stream.key, row.tenant, first, last))


async def _save(session: AsyncSession, consumer: Consumer, streams: Sequence[_Stream]) -> None:
    await statements.execute(
        session,
        _SAVE,
        consumer.name,
        [stream.key.topic for stream in streams],
        [stream.key.aggregate for stream in streams],
        [stream.sequence for stream in streams],
        [stream.highest for stream in streams],
        [stream.due_at for stream in streams],
        [stream.asks for stream in streams],
    )
