"""The table of held events: how a record is kept there and comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import new_id
from shared.messaging import statements
from shared.messaging.envelope import Envelope
from shared.messaging.failures import DeadLetterReason, HeldState
from shared.messaging.records import Record
from shared.messaging.streams import Key

_HOLD = """
INSERT INTO held_event (
    id, consumer, tenant, topic, aggregate, sequence, event, type, state, reason, error, attempts, held_at,
    next_attempt_at, partition, log_offset, key, headers, value
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
ON CONFLICT DO NOTHING
"""
_OF_STREAMS = """
SELECT held.* FROM unnest($2::text[], $3::uuid[]) AS wanted (topic, aggregate)
CROSS JOIN LATERAL (
    SELECT * FROM held_event
    WHERE held_event.consumer = $1 AND held_event.topic = wanted.topic AND held_event.aggregate = wanted.aggregate
    ORDER BY held_event.sequence LIMIT $4
) AS held
"""
_REMOVE = "DELETE FROM held_event WHERE id = ANY($1::uuid[])"
_CHANGE = """
UPDATE held_event SET state = $2, reason = $3, error = $4, attempts = $5, next_attempt_at = $6 WHERE id = $1
"""


@dataclass(frozen=True, slots=True)
class Holding:
    """Why and how an event is held."""

    state: HeldState
    reason: DeadLetterReason | None = None
    error: str | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A record to be held; `envelope` is None where it has no readable one."""

    record: Record
    envelope: Envelope | None
    holding: Holding


async def hold(session: AsyncSession, consumer: str, held: Sequence[Held], now: datetime) -> None:
    """Store them. One that is held already stays as it is."""
    if held:
        connection = await session.connection()
        await connection.exec_driver_sql(_HOLD, [_row(consumer, one, now) for one in held])


async def of_streams(session: AsyncSession, consumer: str, keys: Sequence[Key], limit: int) -> Sequence[Any]:
    """Held events of each of these streams, up to so many, a stream's first ones first."""
    topics, aggregates = [key.topic for key in keys], [key.aggregate for key in keys]
    return await statements.fetch(session, _OF_STREAMS, consumer, topics, aggregates, limit)


async def remove(session: AsyncSession, ids: Sequence[UUID]) -> None:
    if ids:
        await statements.execute(session, _REMOVE, list(ids))


async def change(session: AsyncSession, id: UUID, holding: Holding) -> None:
    await change_all(session, {id: holding})


async def change_all(session: AsyncSession, holdings: Mapping[UUID, Holding]) -> None:
    if holdings:
        connection = await session.connection()
        await connection.exec_driver_sql(
            _CHANGE,
            [
                (id, one.state, one.reason, one.error, one.attempts, one.next_attempt_at)
                for id, one in holdings.items()
            ],
        )


def record_of(row: Any) -> Record:
    """The record as it was read from the log; `row` is one of this table."""
    headers = tuple((name, value.encode("latin-1")) for name, value in orjson.loads(row.headers))
    return Record(row.topic, row.key, row.value, headers, row.partition, row.log_offset)


def _row(consumer: str, held: Held, now: datetime) -> tuple[Any, ...]:
    record, envelope, holding = held.record, held.envelope, held.holding
    # Header values are any bytes, which Latin-1 maps one to one onto characters that JSON can hold.
    headers = orjson.dumps([(name, value.decode("latin-1")) for name, value in record.headers])
    return (
        new_id(),
        consumer,
        envelope.tenant if envelope else "",
        record.topic,
        envelope.subject if envelope else None,
        envelope.sequence if envelope else None,
        envelope.id if envelope else None,
        envelope.type if envelope else None,
        holding.state,
        holding.reason,
        holding.error,
        holding.attempts,
        now,
        holding.next_attempt_at,
        record.partition,
        record.offset,
        record.key,
        headers,
        record.value,
    )
