"""Asking Longxi for what is missing, again and again with growing pauses, until it has come."""

import asyncio
import logging
import time
from collections.abc import Sequence

from longxi_district.resending import NotAnswered, Resending
from python.inbox import begin_at
from python.stores import Store

_PAUSES = (1.0, 10.0, 60.0, 600.0, 3600.0)
"""Seconds after the first, second … question. It may be that the events are only late, so the first waits a second too."""
_LOOK_SECONDS = 0.5
_DUE = """
SELECT topic, subject, first, last, asked FROM missing WHERE open = 1 AND next_ask <= $1 ORDER BY next_ask LIMIT 100"""
_ASKED = """
UPDATE missing SET asked = asked + 1, next_ask = $5 WHERE topic = $1 AND subject = $2 AND first = $3 AND last = $4"""

log = logging.getLogger("district")


async def ask_for_missing(store: Store, resending: Resending) -> None:
    """For ever."""
    while True:
        async with store.transaction() as transaction:
            due = await transaction.rows(_DUE, time.time() - _PAUSES[0])
        for row in due:
            await _ask(store, resending, row)
        await asyncio.sleep(_LOOK_SECONDS)


async def _ask(store: Store, resending: Resending, row: Sequence[object]) -> None:
    topic, subject, first, last, asked = str(row[0]), str(row[1]), *(int(str(number)) for number in row[2:])
    coming = None
    try:
        coming = await resending.ask(topic, subject, first, last)
    except NotAnswered as error:
        log.warning("%s of %s, %d to %d, could not be asked for: %s", topic, subject, first, last, error)
    else:
        log.info("%s of %s, %d to %d: asked for, %d will come", topic, subject, first, last, coming)
    async with store.transaction() as transaction:
        pause = _PAUSES[min(asked + 1, len(_PAUSES) - 1)]
        await transaction.rows(_ASKED, topic, subject, first, last, time.time() + pause)
        if coming == 0 and first == 1:
            # Older than what Longxi keeps: a new reader can only begin in the middle.
            await begin_at(transaction, topic, subject, last)
