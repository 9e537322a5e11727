"""The inbox's own reads and writes, each one statement for a whole batch. All run in the scope `*`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import EVERYWHERE, note_scope
from shared.messaging import statements
from shared.messaging.envelope import Envelope
from shared.messaging.failures import Retry
from shared.messaging.streams import Key, Stream

_MILLISECONDS_A_DAY = 86_400_000

_BEGIN_TOPICS = """
INSERT INTO inbox_topic (consumer, topic, since)
SELECT $1, topic, $3 FROM unnest($2::text[]) AS topic ON CONFLICT DO NOTHING
"""
_TOPICS = "SELECT topic, since FROM inbox_topic WHERE consumer = $1"
_TAKE = "SELECT * FROM inbox_take($1, $2, $3, $4, $5, $6)"
_SAVE = "SELECT inbox_save($1, $2, $3, $4, $5, $6, $7, $8, $9)"


class StreamMoved(Retry):
    """Another member of the group, or the loop of held events, changed a stream meanwhile: read again."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the database knows of a batch."""

    new: frozenset[UUID] = frozenset()
    """Ids that were not taken before."""
    _rows: Mapping[Key, Sequence[Any]] = field(default_factory=dict)

    def stream(self, key: Key) -> Stream:
        """As it was found, to be changed; a new one if it was never seen."""
        return Stream(*self._rows.get(key, ()))


async def begin_topics(
    session: AsyncSession, consumer: str, topics: Sequence[str], now: datetime
) -> Mapping[str, datetime]:
    """Since when the consumer reads each topic; from now on for those that it never read before."""
    await statements.execute(session, _BEGIN_TOPICS, consumer, list(topics), now)
    return {row.topic: row.since for row in await statements.fetch(session, _TOPICS, consumer)}


async def take_events(
    session: AsyncSession, consumer: str, envelopes: Sequence[Envelope], keys: Sequence[Key], scope: str
) -> Found:
    """Note these events as taken, and find the streams of `keys`. Leaves the session in `scope`.

    Also the lock that keeps two members from working on the same event: the second waits here for the first to commit.
    """
    (row,) = await statements.fetch(
        session,
        _TAKE,
        consumer,
        [envelope.id for envelope in envelopes],
        [envelope.made // _MILLISECONDS_A_DAY for envelope in envelopes],
        [key.topic for key in keys],
        [key.aggregate for key in keys],
        scope,
    )
    note_scope(session, scope)
    columns = (row.sequences, row.highests, row.replays, row.heads, row.versions)
    rows = {keys[place - 1]: values for place, *values in zip(row.places, *columns, strict=True)}
    return Found(frozenset(row.fresh), rows)


async def save_streams(session: AsyncSession, consumer: str, streams: Mapping[Key, Stream]) -> None:
    """Store the changed ones, and leave the session in the scope `*`.

    Raises StreamMoved if any is no longer as it was found.
    """
    changed = [(key, stream) for key, stream in streams.items() if stream.changed]
    (row,) = await statements.fetch(
        session,
        _SAVE,
        consumer,
        [key.aggregate for key, _ in changed],
        [key.topic for key, _ in changed],
        [stream.sequence for _, stream in changed],
        [stream.highest for _, stream in changed],
        [stream.replay for _, stream in changed],
        [stream.head for _, stream in changed],
        [stream.due_at for _, stream in changed],
        [stream.version + 1 for _, stream in changed],
    )
    note_scope(session, EVERYWHERE)
    if row[0] != len(changed):
        raise StreamMoved(f"{len(changed) - row[0]} of {len(changed)} streams")
