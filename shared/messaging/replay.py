"""Sending events again, out of the outbox, as far back as its partitions reach (`outbox_days`).

A request selects events by any of: when they were recorded, topic, type, aggregate, sequence. The relay works through
it between live events, in the order of positions, and goes on where it was after a restart.

**To everyone**: the same records once more, with their ids and sequences. A consumer that has them drops them; one that
missed some applies those. This is how gaps are filled.

**To one consumer**: for rebuilding what it keeps from events. The selection says where to start: of each aggregate that
has a selected event, everything from its first selected event up to now is sent, since a stream without holes is the
only thing that can be applied in order. The records carry `replayid` and `replayfor`; the others skip them. The consumer
sets its stream back to the first one it sees of this replay, then applies them in order, but only with handlers that
were registered with `rebuilds=True`: those write what an event says over what was there. Handlers with effects (a case
opened, a message sent, an event recorded) never run twice for one event. Live events of a stream that is set back wait
until the replay has caught up with them.

So a replay is always safe: asked for twice, cut short, crossed with another one or with live events, it changes nothing
that was right before.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import new_id
from shared.messaging import statements

_END = "SELECT last_value AS position FROM outbox_position_seq"
_FOUND = """
SELECT count(*) AS events, coalesce(min(position), 1) AS first, coalesce(max(position), 0) AS last
FROM outbox WHERE position <= $1"""
_REQUEST = """
INSERT INTO outbox_replay (
    id, from_time, to_time, topic, type, aggregate, from_sequence, to_sequence, consumer, position, until
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_NEXT = "SELECT * FROM outbox_replay WHERE finished_at IS NULL ORDER BY id LIMIT 1"
_PROGRESS = """
UPDATE outbox_replay SET position = $2, sent = sent + $3, finished_at = CASE WHEN $4 THEN now() END WHERE id = $1
"""
_SENT = "position <= (SELECT position FROM outbox_progress) AND NOT position <@ (SELECT gaps FROM outbox_progress)"
_FROM_STARTS = (
    "outbox JOIN (SELECT replay, aggregate, topic, sequence AS start FROM outbox_replay_start) AS starts"
    " USING (aggregate, topic)"
)
_INSERT_STARTS = "INSERT INTO outbox_replay_start (replay, aggregate, topic, sequence)"
_FORGET_STARTS = "DELETE FROM outbox_replay_start WHERE replay = $1"
COLUMNS = (
    "position, id, topic, aggregate, sequence, tenant, type, time, correlation, causation, traceparent,"
    " dataschema, data"
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events: those that fit all that is given. Times are of recording, `from_time <= recorded < to_time`."""

    from_time: datetime | None = None
    to_time: datetime | None = None
    topic: str | None = None
    type: str | None = None
    aggregate: UUID | None = None
    from_sequence: int | None = None
    to_sequence: int | None = None
    consumer: str | None = None


@dataclass(frozen=True, slots=True)
class Requested:
    id: UUID
    events: int
    """How many events were selected; to one consumer more are sent (see above)."""


@dataclass(frozen=True, slots=True)
class Step:
    """The next events of a replay."""

    replay: asyncpg.Record
    rows: list[asyncpg.Record]
    last: bool


async def request_replay(session: AsyncSession, selection: Selection) -> Requested:
    """Ask the relay to send events again. In a transaction of the scope `*`; the relay begins when it commits."""
    replay = new_id()
    end = (await statements.fetch(session, _END))[0].position
    where, values = _conditions(selection, [end])
    (found,) = await statements.fetch(session, _FOUND + where, *values)
    given = (
        selection.from_time,
        selection.to_time,
        selection.topic,
        selection.type,
        selection.aggregate,
        selection.from_sequence,
        selection.to_sequence,
        selection.consumer,
    )
    # The relay begins where the selection does, and does not look for its beginning along the whole outbox.
    until = found.last if selection.consumer is None else end
    await statements.execute(session, _REQUEST, replay, *given, found.first - 1, until)
    if selection.consumer is not None:
        where, values = _conditions(selection, [replay, end])
        starts = f"SELECT $1::uuid, aggregate, topic, min(sequence) FROM outbox WHERE position <= $2{where}"  # noqa: S608
        await statements.execute(session, f"{_INSERT_STARTS} {starts} GROUP BY aggregate, topic", *values)
    return Requested(replay, found.events)


async def next_step(connection: "asyncpg.Connection[asyncpg.Record]", limit: int) -> Step | None:
    """The next events of the oldest unfinished replay; None if there is no replay to work on."""
    replay = await connection.fetchrow(_NEXT)
    if replay is None:
        return None
    values = [replay["position"], replay["until"], limit]
    if replay["consumer"] is None:
        source = "outbox"
        where, values = _conditions(Selection(**{name: replay[name] for name in Selection.__slots__}), values)
    else:
        source, where, values = (
            _FROM_STARTS,
            " AND replay = $4 AND outbox.sequence >= start",
            [*values, replay["id"]],
        )
    # What is not sent yet comes by itself.
    rows = await connection.fetch(
        f"SELECT {COLUMNS} FROM {source} WHERE position > $1 AND position <= $2 AND {_SENT}{where}"  # noqa: S608
        " ORDER BY position LIMIT $3",
        *values,
    )
    return Step(replay, rows, last=len(rows) < limit)


async def note_progress(connection: "asyncpg.Connection[asyncpg.Record]", step: Step) -> None:
    """The step is published."""
    id = step.replay["id"]
    position = step.rows[-1]["position"] if step.rows else step.replay["position"]
    await connection.execute(_PROGRESS, id, position, len(step.rows), step.last)
    if step.last:
        await connection.execute(_FORGET_STARTS, id)


def _conditions(selection: Selection, values: list[Any]) -> tuple[str, list[Any]]:
    """SQL for what is given, after parameters that are there already. Only what is given, for the planner's sake."""
    conditions = {
        "recorded_at >=": selection.from_time,
        "recorded_at <": selection.to_time,
        "topic =": selection.topic,
        "type =": selection.type,
        "aggregate =": selection.aggregate,
        "sequence >=": selection.from_sequence,
        "sequence <=": selection.to_sequence,
    }
    where = ""
    for condition, value in conditions.items():
        if value is not None:
            values.append(value)
            where += f" AND {condition} ${len(values)}"
    return where, values
