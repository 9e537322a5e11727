"""The sequence guard: what becomes of an event, decided by its number in its stream. Pure, no I/O.

A stream is the events of one aggregate in one topic, as one consumer sees them, numbered from 1 without gaps.

    number            stream free             something held from `head` on
    up to sequence    drop                    drop
    the next one      apply                   apply if below the head, else wait
    further on        wait, ask the owner     wait

Two exceptions, which set the guard instead of following it:

A stream never seen before may begin in the middle, if the event is older than the consumer's first look at the topic:
the log keeps records only so long, and what was dropped before we came is no gap.

A record that is replayed for this consumer sets its stream back to where it stands, once for each replay, never
forward over something not yet done. `highest` stays, so that handlers with effects are not run twice.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from shared.messaging.envelope import Envelope


class Key(NamedTuple):
    """Names a stream within a consumer."""

    topic: str
    aggregate: UUID


class Fate(Enum):
    APPLY = "apply"
    WAIT = "wait"
    DROP = "drop"


@dataclass(slots=True)
class Stream:
    """A row of `inbox_stream` and how it changes. `version` 0: there is no row yet."""

    sequence: int = 0
    highest: int = 0
    replay: UUID | None = None
    head: int | None = None
    version: int = 0
    due_at: datetime | None = None
    """When the held events shall be looked at; None leaves what is stored."""
    changed: bool = False

    def fate(self, envelope: Envelope, since: datetime, now: datetime) -> Fate:
        """What to do with an event. The caller answers APPLY with `advance` or `hold`; WAIT is noted here."""
        number = envelope.sequence
        if envelope.replay is not None and not self._set_back(envelope.replay.id, number):
            return Fate.DROP
        if number <= self.sequence:
            return Fate.DROP
        if self._unseen and number > 1 and envelope.made < since.timestamp() * 1000:
            self.sequence = number - 1
        following = number == self.sequence + 1
        if following and (self.head is None or number < self.head):
            return Fate.APPLY
        if self.head is None or number < self.head:
            # Something is missing in front of it: ask for it at once.
            self.due_at = now
        self._note_held(number)
        return Fate.WAIT

    def advance(self, number: int, now: datetime) -> bool:
        """The event is done with. True if it had been before, and a replay set the stream back."""
        again = number <= self.highest
        self.sequence = number
        self.highest = max(self.highest, number)
        if self.head == number + 1:
            self.due_at = now
        self.changed = True
        return again

    def hold(self, number: int, due_at: datetime | None) -> None:
        """The event was next but cannot be applied: the stream is blocked from here on."""
        self.due_at = due_at
        self._note_held(number)

    @property
    def _unseen(self) -> bool:
        return self.version == 0 and self.sequence == 0 and self.head is None

    def _note_held(self, number: int) -> None:
        self.head = number if self.head is None else min(self.head, number)
        self.changed = True

    def _set_back(self, replay: UUID, number: int) -> bool:
        """False for a record of an older replay than the one that is under way."""
        # Ids of replays are UUIDv7, so the greater one is the later one.
        if self.replay is not None and replay <= self.replay:
            return replay == self.replay
        self.sequence = number - 1 if self._unseen else min(self.sequence, number - 1)
        self.replay = replay
        self.changed = True
        return True
