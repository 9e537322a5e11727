"""Dead letters, for operators: look at them, retry or drop them. In transactions of the scope `*`.

To **retry** gives the event its attempts anew, from now on; a gap is asked for again. To **drop** is to do without the
event: its stream goes on with the next one. A dropped gap does without the missing events; the one that noticed it is
applied.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.messaging import held_events, statements
from shared.messaging.failures import DeadLetterReason, HeldState
from shared.messaging.held_events import Holding
from shared.messaging.streams import Key
from shared.observing import get_logger
from shared.refusals import Conflict, NotFound

_log = get_logger(__name__)

_COLUMNS = """
id, tenant, topic, aggregate, sequence, event, type, reason, error, attempts, held_at, partition, log_offset AS offset,
(SELECT count(*) FROM held_event AS behind
 WHERE behind.consumer = held_event.consumer AND behind.topic = held_event.topic
   AND behind.aggregate = held_event.aggregate AND behind.state = 'waiting') AS waiting
"""
_LIST = f"""
SELECT {_COLUMNS} FROM held_event
WHERE consumer = $1 AND state = 'dead' AND ($2::uuid IS NULL OR id > $2) AND ($3::text IS NULL OR reason = $3)
ORDER BY id LIMIT $4
"""  # noqa: S608 - our own words
_SHOW = f"SELECT {_COLUMNS} FROM held_event WHERE consumer = $1 AND id = $2 AND state = 'dead'"  # noqa: S608
_HEADERS_AND_VALUE = "SELECT * FROM held_event WHERE id = $1"
_LOCK_STREAM = """
SELECT sequence FROM inbox_stream WHERE consumer = $1 AND topic = $2 AND aggregate = $3 FOR UPDATE
"""
_GO_ON = """
UPDATE inbox_stream SET sequence = $4, highest = greatest(highest, $5), due_at = $6, asks = 0, version = version + 1
WHERE consumer = $1 AND topic = $2 AND aggregate = $3
"""
_NEW_HEAD = """
UPDATE inbox_stream SET head = (
    SELECT min(sequence) FROM held_event WHERE consumer = $1 AND topic = $2 AND aggregate = $3
)
WHERE consumer = $1 AND topic = $2 AND aggregate = $3
"""


class NoSuchDeadLetter(NotFound):
    type = "dead-letter-not-found"
    zh = "没有这封死信；它可能已被重试或丢弃。"
    en = "There is no such dead letter; it may have been retried or dropped."


class EarlierEventsOnTheirWay(Conflict):
    type = "earlier-events-on-their-way"
    zh = "它之前的事件正在重新发送，请等它们到达后再试。"
    en = "Events before it are being sent again; wait until they have arrived."


@dataclass(frozen=True, slots=True)
class DeadLetter:
    id: UUID
    tenant: str
    topic: str
    aggregate: UUID | None
    sequence: int | None
    event: UUID | None
    type: str | None
    reason: DeadLetterReason
    error: str | None
    attempts: int
    held_at: datetime
    partition: int
    offset: int
    waiting: int
    """How many later events of its stream wait behind it."""


@dataclass(frozen=True, slots=True)
class Content:
    """The record of a dead letter, as text; bytes that are no text show as `\\xNN`."""

    headers: tuple[tuple[str, str], ...]
    value: str


async def dead_letters(
    session: AsyncSession,
    consumer: str,
    *,
    after: UUID | None = None,
    reason: DeadLetterReason | None = None,
    limit: int = 50,
) -> Sequence[DeadLetter]:
    """The oldest first; `after` is the last id of the page before."""
    rows = await statements.fetch(session, _LIST, consumer, after, reason, limit)
    return [_letter(row) for row in rows]


async def show(session: AsyncSession, consumer: str, id: UUID) -> tuple[DeadLetter, Content]:
    """Raises NoSuchDeadLetter."""
    letter = await _find(session, consumer, id)
    (row,) = await statements.fetch(session, _HEADERS_AND_VALUE, id)
    record = held_events.record_of(row)
    headers = tuple((name, _text(value)) for name, value in record.headers)
    return letter, Content(headers, _text(record.value))


async def retry(session: AsyncSession, consumer: str, id: UUID, now: datetime) -> None:
    """Raises NoSuchDeadLetter."""
    letter = await _find(session, consumer, id)
    state = HeldState.WAITING if letter.reason is DeadLetterReason.GAP else HeldState.RETRYING
    if letter.aggregate is None:
        await held_events.change(session, id, Holding(state, letter.reason, letter.error, 0, now))
        return
    key = Key(letter.topic, letter.aggregate)
    sequence = await _lock(session, consumer, key)
    await held_events.change(session, id, Holding(state, letter.reason, letter.error, 0, now))
    await _go_on(session, consumer, key, sequence, sequence_done=0, now=now)
    _log.info("dead letter retried", consumer=consumer, dead_letter=str(id), reason=letter.reason)


async def drop(session: AsyncSession, consumer: str, id: UUID, now: datetime) -> None:
    """Raises NoSuchDeadLetter, EarlierEventsOnTheirWay."""
    letter = await _find(session, consumer, id)
    _log.warning("dead letter dropped", consumer=consumer, dead_letter=str(id), reason=letter.reason)
    if letter.aggregate is None or letter.sequence is None:
        await held_events.remove(session, [id])
        return
    key = Key(letter.topic, letter.aggregate)
    sequence = await _lock(session, consumer, key)
    if letter.reason is DeadLetterReason.GAP:
        await held_events.change(session, id, Holding(HeldState.WAITING))
        await _go_on(session, consumer, key, letter.sequence - 1, sequence_done=letter.sequence - 1, now=now)
        return
    if sequence != letter.sequence - 1:
        raise EarlierEventsOnTheirWay
    await held_events.remove(session, [id])
    await _go_on(session, consumer, key, letter.sequence, sequence_done=letter.sequence, now=now)


async def _find(session: AsyncSession, consumer: str, id: UUID) -> DeadLetter:
    rows = await statements.fetch(session, _SHOW, consumer, id)
    if not rows:
        raise NoSuchDeadLetter
    return _letter(rows[0])


async def _lock(session: AsyncSession, consumer: str, key: Key) -> int:
    """The stream's sequence, which nobody changes until the end of the transaction."""
    (row,) = await statements.fetch(session, _LOCK_STREAM, consumer, key.topic, key.aggregate)
    sequence: int = row.sequence
    return sequence


async def _go_on(
    session: AsyncSession, consumer: str, key: Key, sequence: int, *, sequence_done: int, now: datetime
) -> None:
    """Set the stream to `sequence` and have the loop of held events look at it."""
    stream = (consumer, key.topic, key.aggregate)
    await statements.execute(session, _GO_ON, *stream, sequence, sequence_done, now)
    await statements.execute(session, _NEW_HEAD, *stream)


def _letter(row: Any) -> DeadLetter:
    return DeadLetter(**{**row._asdict(), "reason": DeadLetterReason(row.reason)})


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
