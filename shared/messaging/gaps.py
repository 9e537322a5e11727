"""Events that are missing in a stream: noticed by their numbers, asked for of their owner, given up in the end.

An event ahead of its turn waits, and its stream with it. The owner is asked to send the missing ones again (to all: the
other consumers drop what they have), with growing pauses. They come through the log like any event, are applied, and
what waited follows. If they never come the waiting event becomes a dead letter with the reason `gap`; to retry that is
to ask again, to drop it is to do without the missing events. Should they come after all, the stream goes on by itself.

A stream whose beginning the owner no longer keeps (its outbox reaches back `outbox_days`) is taken from where it is: a
consumer that is new, or an aggregate older than the window, could not start otherwise. A hole further on is never
passed over in silence.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Database
from shared.messaging import statements
from shared.messaging.streams import Key
from shared.observing import get_logger, metrics

_log = get_logger(__name__)
_ASKED = metrics.counter("gap_asks", "Times an owner was asked for missing events", ["topic", "answer"])

_ADOPT = """
UPDATE inbox_stream SET sequence = $4, due_at = $5, version = version + 1
WHERE consumer = $1 AND topic = $2 AND aggregate = $3 AND sequence = 0 AND highest = 0 AND head = $4 + 1
"""


@dataclass(frozen=True, slots=True)
class Gap:
    """Sequences `first` to `last` of a stream are missing."""

    key: Key
    tenant: str
    first: int
    last: int

    @property
    def is_the_beginning(self) -> bool:
        return self.first == 1


class AskFor(Protocol):
    """Asks the owner of a topic to send events again."""

    async def __call__(
        self, *, tenant: str, topic: str, aggregate: UUID, from_sequence: int, to_sequence: int
    ) -> int:
        """How many of them the owner has and will send. Raises whatever kept the question from arriving."""


async def ask(database: Database, consumer: str, ask_for: AskFor, gap: Gap, now: datetime) -> None:
    """Ask for one gap. Failing to is no error: it is asked again when the stream is next due."""
    topic = gap.key.topic
    try:
        found = await ask_for(
            tenant=gap.tenant,
            topic=topic,
            aggregate=gap.key.aggregate,
            from_sequence=gap.first,
            to_sequence=gap.last,
        )
    except Exception as error:
        _ASKED.labels(topic=topic, answer="unreachable").inc()
        _log.warning("missing events could not be asked for", topic=topic, error=type(error).__name__)
        return
    _ASKED.labels(topic=topic, answer="sent" if found else "none").inc()
    if found == 0 and gap.is_the_beginning:
        async with database.everywhere() as session:
            await _adopt(session, consumer, gap, now)


async def _adopt(session: AsyncSession, consumer: str, gap: Gap, now: datetime) -> None:
    if await statements.execute(session, _ADOPT, consumer, gap.key.topic, gap.key.aggregate, gap.last, now):
        _log.info("stream taken from the middle, its beginning is past the window", topic=gap.key.topic)
