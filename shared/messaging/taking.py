"""One batch of records, one transaction: note the ids, decide by the sequence guard, apply, hold, move the guard."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import EVERYWHERE, scope
from shared.messaging.applying import Due, apply, prepare
from shared.messaging.consumer import Consumer
from shared.messaging.envelope import Envelope, Malformed
from shared.messaging.failures import DeadLetterReason, HeldState, Rejected, describe
from shared.messaging.held_events import Held, Holding, hold
from shared.messaging.inbox_queries import Found, save_streams, take_events
from shared.messaging.isolating import Failure, apply_others
from shared.messaging.records import Record
from shared.messaging.streams import Fate, Key, Stream


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch."""

    outcomes: Counter[str]
    """How many events were applied, skipped, duplicate, repeated, held, dead, foreign."""
    newest: Envelope | None
    """Of those that were applied, the last."""
    failed: Sequence[Failure]
    wake: bool
    """Something held is due at once."""


class Event(NamedTuple):
    """A record that has a readable envelope."""

    key: Key
    envelope: Envelope
    record: Record


async def take(
    session: AsyncSession,
    consumer: Consumer,
    records: Sequence[Record],
    since: Mapping[str, datetime],
    *,
    guarded: bool = False,
    failure: Exception | None = None,
) -> Taken:
    """Do all that these records ask for, in the session's transaction, whose scope it sets itself.

    Raises what handlers raise; then nothing is done, and the transaction has to be rolled back. `guarded`: events whose
    handlers fail are held, and all others applied. With `failure`, which the same records ended with before, it is
    guarded too, and where only one event could have failed no handler runs.
    """
    now = consumer.clock()
    events, outcomes, held = _readable(consumer, records)
    plan = _Plan(consumer, since, now, events)
    if events:
        await plan.begin(session)
        if guarded or failure is not None:
            plan.fail(await apply_others(session, plan.due(), failure))
        else:
            await apply(session, plan.due())
        await save_streams(session, consumer.name, plan.streams)
        held += plan.held()
    if held:
        if not events:
            await scope(session, EVERYWHERE)
        await hold(session, consumer.name, held, now)
    due = plan.due()
    return Taken(
        outcomes=outcomes + plan.outcomes(),
        newest=due[-1].received.envelope if due else None,
        failed=list(plan.failures.values()),
        wake=any(stream.due_at is not None and stream.due_at <= now for stream in plan.streams.values()),
    )


def _readable(consumer: Consumer, records: Sequence[Record]) -> tuple[list[Event], Counter[str], list[Held]]:
    events: list[Event] = []
    outcomes: Counter[str] = Counter()
    held: list[Held] = []
    for record in records:
        try:
            envelope = Envelope.from_record(record)
        except Malformed as error:
            held.append(Held(record, None, Holding(HeldState.DEAD, DeadLetterReason.MALFORMED, str(error))))
            outcomes["dead"] += 1
            continue
        if envelope.replay is not None and envelope.replay.consumer != consumer.name:
            outcomes["foreign"] += 1
            continue
        events.append(Event(Key(record.topic, envelope.subject), envelope, record))
    return events, outcomes, held


@dataclass(slots=True)
class _Plan:
    """Decides event by event; the streams move along. An event is known by its place in the batch."""

    consumer: Consumer
    since: Mapping[str, datetime]
    now: datetime
    events: Sequence[Event]
    streams: dict[Key, Stream] = field(default_factory=dict)
    failures: Mapping[Key, Failure] = field(default_factory=dict)
    _found: Found = field(default_factory=Found)
    _taken: set[UUID] = field(default_factory=set)
    """Ids that were new and have had their turn: a second copy further on in the batch no longer is."""
    _fates: list[str | Due | Held] = field(default_factory=list)
    """By place: an event to apply, one to hold, or the word for one that is done with."""

    async def begin(self, session: AsyncSession) -> None:
        keys = dict.fromkeys(event.key for event in self.events)
        envelopes = [event.envelope for event in self.events]
        # Its handlers run in it, and most batches are of one tenant.
        first = envelopes[0].tenant
        self._found = await take_events(session, self.consumer.name, envelopes, list(keys), first)
        self.streams = {key: self._found.stream(key) for key in keys}
        self._fates = [self._fate(place, event) for place, event in enumerate(self.events)]

    def fail(self, failures: Mapping[Key, Failure]) -> None:
        """Decide anew for the streams in which an event failed: it blocks its stream from there on."""
        if not failures:
            return
        self.failures = failures
        for key in failures:
            self.streams[key] = self._found.stream(key)
        places = [place for place, event in enumerate(self.events) if event.key in failures]
        self._taken.difference_update(self.events[place].envelope.id for place in places)
        for place in places:
            self._fates[place] = self._fate(place, self.events[place])

    def due(self) -> list[Due]:
        return [fate for fate in self._fates if isinstance(fate, Due)]

    def held(self) -> list[Held]:
        return [fate for fate in self._fates if isinstance(fate, Held)]

    def outcomes(self) -> Counter[str]:
        return Counter(map(_outcome, self._fates))

    def _fate(self, place: int, event: Event) -> str | Due | Held:
        key, envelope, record = event
        stream = self.streams[key]
        fate = stream.fate(envelope, self.since.get(key.topic, self.now), self.now)
        if fate is Fate.DROP:
            return "duplicate"
        if fate is Fate.WAIT:
            gap = stream.head == envelope.sequence > stream.sequence + 1
            return Held(record, envelope, Holding(HeldState.WAITING, DeadLetterReason.GAP if gap else None))
        again = envelope.sequence <= stream.highest
        if not again and (envelope.id not in self._found.new or envelope.id in self._taken):
            # Known, yet next in its stream: its owner numbered it anew, as after a restore from a backup.
            stream.advance(envelope.sequence, self.now)
            return "repeated"
        try:
            due = prepare(self.consumer, place, key, envelope, again=again)
        except Rejected as error:
            stream.hold(envelope.sequence, None)
            return Held(record, envelope, Holding(HeldState.DEAD, error.reason, str(error)))
        failure = self.failures.get(key)
        if failure is not None and failure.place == place:
            holding = after_failure(self.consumer, failure.error, attempts=1, now=self.now)
            stream.hold(envelope.sequence, holding.next_attempt_at)
            return Held(record, envelope, holding)
        stream.advance(envelope.sequence, self.now)
        self._taken.add(envelope.id)
        return due or "skipped"


def _outcome(fate: str | Due | Held) -> str:
    if isinstance(fate, Due):
        return "applied"
    if isinstance(fate, Held):
        return "dead" if fate.holding.state is HeldState.DEAD else "held"
    return fate


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
