"""The inbox's own reads and writes, each one statement for a whole batch. All run in the scope `*`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

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
_TAKE = """
WITH taken AS (
    INSERT INTO inbox (id, consumer, day)
    SELECT id, $1, date '1970-01-01' + day FROM unnest($2::uuid[], $3::integer[]) AS event (id, day)
    ON CONFLICT DO NOTHING RETURNING id
)
SELECT coalesce(array_agg(id), '{}') AS ids FROM taken
"""
_LOAD = "SELECT * FROM inbox_streams($1, $2::text[], $3::uuid[])"
_SAVE = """
INSERT INTO inbox_stream AS stream (consumer, aggregate, topic, sequence, highest, replay, head, due_at, version)
SELECT $1, changed.* FROM unnest(
    $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::uuid[], $7::bigint[], $8::timestamptz[], $9::bigint[]
) AS changed (aggregate, topic, sequence, highest, replay, head, due_at, version)
ORDER BY aggregate, topic
ON CONFLICT (aggregate, topic, consumer) DO UPDATE
SET sequence = excluded.sequence, highest = excluded.highest, replay = excluded.replay, head = excluded.head,
    due_at = coalesce(excluded.due_at, stream.due_at), version = excluded.version
WHERE stream.version = excluded.version - 1
"""


class StreamMoved(Retry):
    """Another member of the group, or the loop of held events, changed a stream meanwhile: read again."""


async def begin_topics(
    session: AsyncSession, consumer: str, topics: Sequence[str], now: datetime
) -> Mapping[str, datetime]:
    """Since when the consumer reads each topic; from now on for those that it never read before."""
    await statements.execute(session, _BEGIN_TOPICS, consumer, list(topics), now)
    return {row.topic: row.since for row in await statements.fetch(session, _TOPICS, consumer)}


async def take_ids(session: AsyncSession, consumer: str, envelopes: Sequence[Envelope]) -> set[UUID]:
    """Note these events as taken; the ids of those that were not yet.

    Also the lock that keeps two members from working on the same event: the second waits here for the first to commit.
    """
    (row,) = await statements.fetch(
        session,
        _TAKE,
        consumer,
        [envelope.id for envelope in envelopes],
        [envelope.made // _MILLISECONDS_A_DAY for envelope in envelopes],
    )
    return set(row.ids)


async def load_streams(session: AsyncSession, consumer: str, keys: Iterable[Key]) -> dict[Key, Stream]:
    """The streams of these keys; those never seen are new ones."""
    streams = {key: Stream() for key in keys}
    rows = await statements.fetch(
        session, _LOAD, consumer, [key.topic for key in streams], [key.aggregate for key in streams]
    )
    for topic, aggregate, sequence, highest, replay, head, version in rows:
        streams[Key(topic, aggregate)] = Stream(sequence, highest, replay, head, version)
    return streams


async def save_streams(session: AsyncSession, consumer: str, streams: Mapping[Key, Stream]) -> None:
    """Store the changed ones. Raises StreamMoved if any is no longer as it was loaded."""
    changed = [(key, stream) for key, stream in streams.items() if stream.changed]
    if not changed:
        return
    written = await statements.execute(
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
    if written != len(changed):
        raise StreamMoved(f"{len(changed) - written} of {len(changed)} streams")
