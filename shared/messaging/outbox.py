"""Recording events: written in the transaction of the change, published by the relay after it is committed.

    await record(session, RequestFiled(...))
    await record_each(session, [(WorkerAssigned(...), event.envelope) for event in events])

One statement for any number of events. It goes through the caller's connection, and neither flushes what the ORM holds
nor commits. The database allots each event its `sequence` under the lock of its stream's row, so sequences have no gaps
and follow the order of commits. Two transactions that record events of the same aggregates in different orders can
deadlock, as with any two rows; events of one call are locked in a fixed order.

Where the whole change is one statement, that statement can record too:

    WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', $1, true)),
         filed AS (INSERT INTO request (…) SELECT … FROM scope RETURNING …)
    SELECT outbox_record($8, $9, $10, $11, $12, $13, $14, $15, $16, $17) FROM filed

with `outbox_arguments(event)` for the ten parameters. The call has to be in the outermost SELECT.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.base import Event
from shared.database import new_id
from shared.messaging import statements
from shared.messaging.envelope import MAX_DATA, Envelope
from shared.observing import trace

Arguments = tuple[UUID, str, UUID, str, datetime | None, UUID, UUID | None, str | None, str, bytes]

_RECORD = """
WITH event AS (
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::timestamptz[],
        $6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::bytea[]
    ) WITH ORDINALITY
    AS event (id, topic, aggregate, type, time, correlation, causation, traceparent, dataschema, data, place)
), stream AS (
    INSERT INTO outbox_stream AS stream (aggregate, topic, sequence)
    SELECT aggregate, topic, count(*) FROM event GROUP BY aggregate, topic ORDER BY aggregate, topic
    ON CONFLICT (aggregate, topic) DO UPDATE SET sequence = stream.sequence + excluded.sequence
    RETURNING stream.aggregate, stream.topic, stream.sequence
)
INSERT INTO outbox (
    id, topic, aggregate, sequence, type, time, correlation, causation, traceparent, dataschema, data
)
SELECT
    id, topic, aggregate,
    stream.sequence - count(*) OVER (PARTITION BY aggregate, topic)
        + row_number() OVER (PARTITION BY aggregate, topic ORDER BY place),
    type, coalesce(time, now()), correlation, causation, traceparent, dataschema, data
FROM event JOIN stream USING (aggregate, topic)
ORDER BY place
"""
# The same for a single event, which most calls have: no grouping, no sorting.
_RECORD_ONE = """
WITH stream AS (
    INSERT INTO outbox_stream AS stream (aggregate, topic, sequence) VALUES ($3, $2, 1)
    ON CONFLICT (aggregate, topic) DO UPDATE SET sequence = stream.sequence + 1
    RETURNING stream.sequence
)
INSERT INTO outbox (
    id, topic, aggregate, sequence, type, time, correlation, causation, traceparent, dataschema, data
)
SELECT $1::uuid, $2::text, $3::uuid, sequence, $4::text, coalesce($5::timestamptz, now()),
       $6::uuid, $7::uuid, $8::text, $9::text, $10::bytea
FROM stream
"""


class EventTooLarge(ValueError):
    """An event's data is over MAX_DATA bytes: a contract that carries lists has to be cut into several events."""


async def record(
    session: AsyncSession, *events: Event, at: datetime | None = None, cause: Envelope | None = None
) -> None:
    """Publish these facts if, and only if, the session's transaction commits.

    `at` is the events' time, by default the transaction's. Correlation, causation and traceparent come from the current
    trace context, or from `cause` where a batch handler answers one of its events. Raises EventTooLarge.
    """
    await record_each(session, ((event, cause) for event in events), at=at)


async def record_each(
    session: AsyncSession, events: Iterable[tuple[Event, Envelope | None]], *, at: datetime | None = None
) -> None:
    """As `record`, for events with a cause each, in one round trip."""
    context = trace.current()
    rows = [_arguments(event, at, cause, context) for event, cause in events]
    if len(rows) == 1:
        await statements.execute(session, _RECORD_ONE, *rows[0])
    elif rows:
        await statements.execute(session, _RECORD, *_columns(rows))


def outbox_arguments(event: Event, *, at: datetime | None = None, cause: Envelope | None = None) -> Arguments:
    """What `outbox_record` takes, in its order. Raises EventTooLarge."""
    return _arguments(event, at, cause, trace.current())


def _arguments(
    event: Event, at: datetime | None, cause: Envelope | None, context: trace.TraceContext
) -> Arguments:
    # Pydantic's model_dump_json gives text that would have to be encoded once more.
    data = type(event).__pydantic_serializer__.to_json(event)
    if len(data) > MAX_DATA:
        raise EventTooLarge(f"{event.type} has {len(data)} bytes of data, at most {MAX_DATA} are allowed")
    return (
        new_id(),
        event.topic(),
        event.subject(),
        event.type,
        at,
        cause.correlation if cause else context.correlation,
        cause.id if cause else context.causation,
        cause.traceparent if cause else context.traceparent,
        event.dataschema(),
        data,
    )


def _columns(rows: list[Arguments]) -> list[Any]:
    return [list(column) for column in zip(*rows, strict=True)]
