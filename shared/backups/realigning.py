"""Bringing services into step with each other after databases came back from different moments than their log or each
other: after a restore, and after a recovery to a point in time. No service may run meanwhile.

What can be wrong, and what is done:

- A consumer lacks events that their publisher recorded: its outbox sends all it has again, to everyone. Who has an event
  drops it.
- A consumer is ahead of its publisher, which has lost what it told (it was restored from an earlier moment than the
  consumer). The publisher will give those numbers to other facts, and the consumer would drop them as known. So the
  consumer's streams are set back to where their publishers are, and what it holds from beyond that is forgotten. What it
  made of the lost events stays; the next events of the owner, who decides, are written over it.
- Numbers that people have been told, from sequences that no backup keeps up with, must not be given out twice: such
  sequences take a leap.

The log itself is not asked: `offsets` sees to it that nobody reads there what the databases no longer know.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.backups.cutting import Connection, connected
from shared.backups.installation import Target
from shared.clock import Clock, system_clock
from shared.database import Database
from shared.messaging.replay import Selection, request_replay

LEAP = 1000
"""Steps. Intake's numbers come in blocks of a hundred; a tenth of a day's million, and more than a day ever had."""
_PREFETCH = 5000
_AT_ONCE = 1000

_TOPICS = "SELECT consumer, topic FROM inbox_topic ORDER BY consumer, topic"
_PUBLISHED = "SELECT aggregate, sequence FROM outbox_stream WHERE topic = $1 ORDER BY aggregate"
_APPLIED = """
SELECT aggregate, greatest(sequence, highest) AS reached, sequence FROM inbox_stream
WHERE topic = $1 AND consumer = $2 ORDER BY aggregate
"""
_FORGET_HELD = """
DELETE FROM held_event USING unnest($3::uuid[], $4::bigint[]) AS back (aggregate, until)
WHERE consumer = $1 AND topic = $2 AND held_event.aggregate = back.aggregate AND held_event.sequence > back.until
"""
_SET_BACK = """
UPDATE inbox_stream AS stream
SET sequence = least(stream.sequence, back.until), highest = least(stream.highest, back.until), asks = 0,
    version = stream.version + 1, head = (
        SELECT min(held.sequence) FROM held_event AS held
        WHERE held.consumer = $1 AND held.topic = $2 AND held.aggregate = back.aggregate
    )
FROM unnest($3::uuid[], $4::bigint[]) AS back (aggregate, until)
WHERE stream.consumer = $1 AND stream.topic = $2 AND stream.aggregate = back.aggregate
"""
# Sequences of a column number rows, and are right as they are. One that stands alone numbers what leaves the database.
_LEAP = """
SELECT count(setval(seqrelid::regclass, coalesce(pg_sequence_last_value(seqrelid), seqstart) + $1 * seqincrement))
FROM pg_sequence
WHERE NOT EXISTS (
    SELECT FROM pg_depend
    WHERE classid = 'pg_class'::regclass AND objid = seqrelid AND deptype IN ('a', 'i') AND refobjsubid > 0
)
"""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Streams of a consumer that were set back."""

    consumer: str
    topic: str
    aggregates: Sequence[UUID]


@dataclass(slots=True)
class Realigned:
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Consumers, which are groups on the log, and their topics."""
    behind: dict[str, int] = field(default_factory=dict)
    """By consumer: events that their publishers have and it has not applied."""
    ahead: list[Ahead] = field(default_factory=list)
    sent_again: dict[str, int] = field(default_factory=dict)
    """By service: events of its outbox that will be sent again."""


async def realign(
    targets: Sequence[Target], *, replay_days: int | None = None, clock: Clock = system_clock
) -> Realigned:
    """In the databases of these services. `replay_days`: so much of each outbox is sent again; None: all of it.

    Raises BackupFailed. Each database is one transaction; doing it again does no harm.
    """
    done = Realigned()
    async with AsyncExitStack() as open_things:
        connections = {
            target.service: await open_things.enter_async_context(connected(target.url()))
            for target in targets
        }
        for connection in connections.values():
            await open_things.enter_async_context(connection.transaction())
        for connection in connections.values():
            await _catch_up(connection, connections, done)
            await connection.fetchval(_LEAP, LEAP)
    since = clock() - timedelta(days=replay_days) if replay_days is not None else None
    for target in targets:
        done.sent_again[target.service] = await _send_again(target, Selection(from_time=since))
    return done


async def _catch_up(consumer: Connection, publishers: Mapping[str, Connection], done: Realigned) -> None:
    for row in await consumer.fetch(_TOPICS):
        name, topic = row["consumer"], row["topic"]
        done.groups[name] = (*done.groups.get(name, ()), topic)
        publisher = publishers.get(topic.split(".", 1)[0])
        if publisher is None:
            continue  # the district's, or of a service that is not looked at
        behind, ahead = await _compare(publisher, consumer, topic, name)
        done.behind[name] = done.behind.get(name, 0) + behind
        if ahead:
            await _set_back(consumer, name, topic, ahead)
            done.ahead.append(Ahead(name, topic, list(ahead)))


async def _compare(
    publisher: Connection, consumer: Connection, topic: str, name: str
) -> tuple[int, dict[UUID, int]]:
    """How many events the consumer lacks; and the streams in which it is ahead, with where their publisher is.

    Both sides are walked along in one order: there may be millions, and few differ.
    """
    behind = 0
    ahead: dict[UUID, int] = {}
    published = _walk(publisher.cursor(_PUBLISHED, topic, prefetch=_PREFETCH))
    applied = _walk(consumer.cursor(_APPLIED, topic, name, prefetch=_PREFETCH))
    async with aclosing(published), aclosing(applied):
        told, known = await anext(published, None), await anext(applied, None)
        while told is not None or known is not None:
            if known is None or (told is not None and told["aggregate"] < known["aggregate"]):
                assert told is not None
                behind += told["sequence"]
                told = await anext(published, None)
            elif told is None or known["aggregate"] < told["aggregate"]:
                ahead[known["aggregate"]] = 0
                known = await anext(applied, None)
            else:
                behind += max(0, told["sequence"] - known["sequence"])
                if known["reached"] > told["sequence"]:
                    ahead[known["aggregate"]] = told["sequence"]
                told, known = await anext(published, None), await anext(applied, None)
    return behind, ahead


async def _walk(cursor: Any) -> AsyncGenerator[Any, None]:
    """As a generator, which can be asked for one row at a time and be closed."""
    async for row in cursor:
        yield row


async def _set_back(consumer: Connection, name: str, topic: str, ahead: Mapping[UUID, int]) -> None:
    pairs = list(ahead.items())
    for start in range(0, len(pairs), _AT_ONCE):
        some = pairs[start : start + _AT_ONCE]
        arguments = (name, topic, [aggregate for aggregate, _ in some], [until for _, until in some])
        await consumer.execute(_FORGET_HELD, *arguments)
        await consumer.execute(_SET_BACK, *arguments)


async def _send_again(target: Target, selection: Selection) -> int:
    """The relay begins with it when it starts."""
    database = Database(target.url(), pool=2, application="longxi-backup")
    try:
        async with database.everywhere() as session:
            return (await request_replay(session, selection)).events
    finally:
        await database.stop()


__all__ = ["LEAP", "Ahead", "Realigned", "realign"]
