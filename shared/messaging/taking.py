"""One batch of records, one transaction: note the ids, decide by the sequence guard, apply, hold, move the guard."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.messaging.applying import Due, apply, prepare
from shared.messaging.consumer import Consumer
from shared.messaging.envelope import Envelope, Malformed
from shared.messaging.failures import DeadLetterReason, HeldState, Rejected, describe
from shared.messaging.held_events import Held, Holding, hold
from shared.messaging.inbox_queries import load_streams, save_streams, take_ids
from shared.messaging.records import Record
from shared.messaging.streams import Fate, Key, Stream


@dataclass(slots=True)
class Taken:
    """What became of a batch, counted by outcome: applied, skipped, duplicate, repeated, held, dead, foreign."""

    outcomes: Counter[str] = field(default_factory=Counter)
    held: list[Held] = field(default_factory=list)
    due: list[Due] = field(default_factory=list)
    wake: bool = False
    """Something held may be due at once."""


async def take(
    session: AsyncSession,
    consumer: Consumer,
    records: Sequence[Record],
    since: Mapping[str, datetime],
    *,
    failure: Exception | None = None,
) -> Taken:
    """Do all that these records ask for, in the session's transaction (scope `*`).

    Raises what handlers raise; then nothing is done, and the transaction has to be rolled back. With `failure`, which a
    batch of this single event raised before, the event is held and no handler runs.
    """
    now, taken = consumer.clock(), Taken()
    events = list(_readable(consumer, records, taken))
    if events:
        new = await take_ids(session, consumer.name, [envelope for _, envelope, _ in events])
        streams = await load_streams(session, consumer.name, (key for key, _, _ in events))
        plan = _Plan(consumer, since, now, streams, new, failure, taken)
        for key, envelope, record in events:
            plan.add(key, envelope, record)
        await apply(session, taken.due)
        await save_streams(session, consumer.name, streams)
        taken.wake = any(stream.due_at is not None for stream in streams.values())
    await hold(session, consumer.name, taken.held, now)
    return taken


def _readable(
    consumer: Consumer, records: Sequence[Record], taken: Taken
) -> "list[tuple[Key, Envelope, Record]]":
    events = []
    for record in records:
        try:
            envelope = Envelope.from_record(record)
        except Malformed as error:
            holding = Holding(HeldState.DEAD, DeadLetterReason.MALFORMED, str(error))
            taken.held.append(Held(record, None, holding))
            taken.outcomes["dead"] += 1
            continue
        if envelope.replay is not None and envelope.replay.consumer != consumer.name:
            taken.outcomes["foreign"] += 1
            continue
        events.append((Key(record.topic, envelope.subject), envelope, record))
    return events


@dataclass(slots=True)
class _Plan:
    """Decides event by event; the streams move along."""

    consumer: Consumer
    since: Mapping[str, datetime]
    now: datetime
    streams: dict[Key, Stream]
    new: set[UUID]
    failure: Exception | None
    taken: Taken

    def add(self, key: Key, envelope: Envelope, record: Record) -> None:
        stream, taken = self.streams[key], self.taken
        fate = stream.fate(envelope, self.since.get(key.topic, self.now), self.now)
        if fate is Fate.DROP:
            taken.outcomes["duplicate"] += 1
            return
        if fate is Fate.WAIT:
            gap = stream.head == envelope.sequence > stream.sequence + 1
            reason = DeadLetterReason.GAP if gap else None
            self._hold(Held(record, envelope, Holding(HeldState.WAITING, reason)))
            return
        again = envelope.sequence <= stream.highest
        if not again and envelope.id not in self.new:
            # Known, yet next in its stream: its owner numbered it anew, as after a restore from a backup.
            stream.advance(envelope.sequence, self.now)
            taken.outcomes["repeated"] += 1
            return
        try:
            due = prepare(self.consumer, key, envelope, again=again)
        except Rejected as error:
            stream.hold(envelope.sequence, None)
            self._hold(Held(record, envelope, Holding(HeldState.DEAD, error.reason, str(error))))
            return
        if due is not None and self.failure is not None:
            holding = after_failure(self.consumer, self.failure, attempts=1, now=self.now)
            stream.hold(envelope.sequence, holding.next_attempt_at)
            self._hold(Held(record, envelope, holding))
            return
        stream.advance(envelope.sequence, self.now)
        self.new.discard(envelope.id)  # a second copy further on in the batch is no longer new
        if due is None:
            taken.outcomes["skipped"] += 1
        else:
            taken.due.append(due)
            taken.outcomes["applied"] += 1

    def _hold(self, held: Held) -> None:
        self.taken.held.append(held)
        self.taken.outcomes["dead" if held.holding.state is HeldState.DEAD else "held"] += 1


def after_failure(consumer: Consumer, error: Exception, *, attempts: int, now: datetime) -> Holding:
    """How an event is held whose `attempts`-th attempt failed: to be tried again, or dead."""
    if isinstance(error, Rejected):
        return Holding(HeldState.DEAD, error.reason, str(error), attempts)
    if consumer.attempts.gives_up(attempts):
        return Holding(HeldState.DEAD, DeadLetterReason.HANDLER_FAILED, describe(error), attempts)
    return Holding(
        HeldState.RETRYING,
        DeadLetterReason.HANDLER_FAILED,
        describe(error),
        attempts,
        now + consumer.attempts.delay(attempts),
    )
