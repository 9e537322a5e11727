"""Once in effect, in order, and no gap passed over: what has to be between Kafka and your own tables.

Of each subject in each topic one number is kept: the last that was applied.

    number of the event     what is done
    up to the last          dropped: it was applied before
    the next one            applied, and with it whatever waited for it
    further on              kept waiting; the numbers in between are missing and are asked for

All of it happens in the caller's transaction. The offset is committed to Kafka after that; a crash in between brings the
same records again, and they are dropped.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict

from longxi_district.events import Event, KafkaRecord, Unreadable, read
from python.effects import BadData, apply_to_tables, checked, understood
from python.stores import Transaction

# Gives the number, and holds the row against any other process until the transaction ends.
_LAST = """
INSERT INTO stream (topic, subject, sequence) VALUES ($1, $2, 0)
ON CONFLICT (topic, subject) DO UPDATE SET sequence = stream.sequence RETURNING sequence"""
_ADVANCE = "UPDATE stream SET sequence = $3 WHERE topic = $1 AND subject = $2"
_APPLIED = """
INSERT INTO applied (id, topic, subject, sequence, type) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO NOTHING RETURNING place"""
_WAIT = "INSERT INTO waiting (topic, subject, sequence, event) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
_NEXT = "SELECT event FROM waiting WHERE topic = $1 AND subject = $2 AND sequence = $3"
_NO_LONGER = "DELETE FROM waiting WHERE topic = $1 AND subject = $2 AND sequence <= $3"
_WAITING = (
    "SELECT sequence FROM waiting WHERE topic = $1 AND subject = $2 AND sequence > $3 ORDER BY sequence"
)
_CLOSE = "UPDATE missing SET open = 0 WHERE topic = $1 AND subject = $2 AND open = 1"
_OPEN = """
INSERT INTO missing (topic, subject, first, last, open, asked, next_ask) VALUES ($1, $2, $3, $4, 1, 0, $5)
ON CONFLICT (topic, subject, first, last) DO UPDATE SET open = 1"""
_REFUSE = """
INSERT INTO refused (topic, whose, number, reason) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"""
_STOPPED = """
SELECT w.topic, w.subject FROM waiting w JOIN stream s ON s.topic = w.topic AND s.subject = w.subject
WHERE w.sequence = s.sequence + 1"""


async def take(transaction: Transaction, records: Sequence[KafkaRecord]) -> None:
    """Do all that these records ask for, in their order."""
    for record in records:
        try:
            event = read(record)
        except Unreadable as error:
            # Nobody can say whose it is, so it holds up nobody. Look at this table now and then.
            where = f"partition {record.partition}"
            await transaction.rows(_REFUSE, record.topic, where, record.offset, str(error))
            continue
        if event.replay_for is None:  # else it was sent again for a service of Longxi's
            await _take(transaction, event)


async def resume(transaction: Transaction) -> None:
    """At the start: try again what stood still for data that could not be read; the program may be a newer one now."""
    for topic, subject in await transaction.rows(_STOPPED):
        await _go_on(transaction, topic, subject)


async def begin_at(transaction: Transaction, topic: str, subject: str, last: int) -> None:
    """The owner no longer has the numbers up to this one: do without them."""
    ((sequence,),) = await transaction.rows(_LAST, topic, subject)
    if sequence < last:
        await transaction.rows(_ADVANCE, topic, subject, last)
        await _go_on(transaction, topic, subject)


async def _take(transaction: Transaction, event: Event) -> None:
    key = event.topic, event.subject
    ((last,),) = await transaction.rows(_LAST, *key)
    if event.sequence <= last:
        return
    # Kept first in any case: where it can be applied, `_go_on` takes it out again.
    await transaction.rows(_WAIT, *key, event.sequence, _text(event))
    await _go_on(transaction, *key)


async def _go_on(transaction: Transaction, topic: str, subject: str) -> None:
    """Apply what is next, as long as it is there, then note what is missing."""
    ((last,),) = await transaction.rows(_LAST, topic, subject)
    while found := await transaction.rows(_NEXT, topic, subject, last + 1):
        event = _event(found[0][0])
        if not await _apply(transaction, event):
            break
        last = event.sequence
        await transaction.rows(_ADVANCE, topic, subject, last)
    await transaction.rows(_NO_LONGER, topic, subject, last)
    await _note_missing(transaction, topic, subject, last)


async def _apply(transaction: Transaction, event: Event) -> bool:
    """False where its data cannot be read: the subject then stands still until somebody has looked at it."""
    if not understood(event):
        return True  # a type or version that this program does not know: its number is used up, nothing else
    try:
        fields = checked(event)
    except BadData as error:
        await transaction.rows(_REFUSE, event.topic, event.subject, event.sequence, str(error))
        return False
    if await transaction.rows(_APPLIED, event.id, event.topic, event.subject, event.sequence, event.type):
        await apply_to_tables(transaction, event, fields)
    # Else it is known by its id: its owner numbered it anew, as after a restore.
    return True


async def _note_missing(transaction: Transaction, topic: str, subject: str, last: int) -> None:
    await transaction.rows(_CLOSE, topic, subject)
    following = last + 1
    for (sequence,) in await transaction.rows(_WAITING, topic, subject, last):
        if sequence > following:
            await transaction.rows(_OPEN, topic, subject, following, sequence - 1, time.time())
        following = sequence + 1


def _text(event: Event) -> str:
    return json.dumps({**asdict(event), "data": event.data.decode("utf-8", "replace")}, ensure_ascii=False)


def _event(text: str) -> Event:
    content = json.loads(text)
    return Event(**{**content, "data": content["data"].encode()})
