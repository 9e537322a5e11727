"""Applying a list of events of which some fail: which ones is found out, and all others are applied.

The list goes as a whole under a savepoint, or in parts where handlers take single events. When that fails, the events
at fault are known, named, or looked for:

- a handler of single events failed on the one that it had;
- a handler of lists named some (`Poisoned`): unless it was sure, the others are applied first, then the named ones are
  tried by themselves, and convicted if they are named again;
- nobody knows: the list is tried in eighths, down to the single event that fails alone.

A convicted event takes the later ones of its stream with it. Savepoints rather than transactions: what the batch has
noted and read so far stays.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import note_scope, scope_of
from shared.messaging.applying import Due, Struck, apply
from shared.messaging.failures import Poisoned, passing
from shared.messaging.streams import Key

# A handler of single events that fails has the events before it, up to its savepoint, done twice. A savepoint is two
# round trips, about as much as half an event. With one failing event in a hundred both are least at 10 to 20.
_SINGLES = 16
_EIGHTHS = 8
"""Of a list in which one event fails, halves would have three times its events tried, eighths twice."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The first event of a stream that failed."""

    place: int
    error: Exception


async def apply_others(
    session: AsyncSession, events: Sequence[Due], error: Exception | None = None
) -> Mapping[Key, Failure]:
    """Apply all events but those that fail and those behind them; the failures, one for each stream.

    With `error`, which `apply` has raised for the same events before. Raises passing faults. Leaves the session flushed,
    in the scope of any tenant.
    """
    search = _Search()
    parts = deque(_parts(events) if error is None else [events])
    while parts:
        part = search.left_of(parts.popleft())
        if not part:
            continue
        if error is None:
            error = await _attempt(session, part)
        if error is not None:
            parts.extendleft(reversed(search.judge(part, error)))
            error = None
    return search.failures


async def _attempt(session: AsyncSession, part: Iterable[Due]) -> Exception | None:
    before = scope_of(session)
    try:
        # Not by the driver itself, which would be cheaper: a flush that fails ends the ORM's innermost transaction.
        async with session.begin_nested():
            await apply(session, part)
    except Exception as error:
        if passing(error):
            raise
        note_scope(session, before)
        return error
    return None


@dataclass(slots=True)
class _Search:
    failures: dict[Key, Failure] = field(default_factory=dict)
    named: set[int] = field(default_factory=set)

    def left_of(self, part: Sequence[Due]) -> Sequence[Due]:
        return [one for one in part if not self.blocked(one)] if self.failures else part

    def blocked(self, event: Due) -> bool:
        failure = self.failures.get(event.key)
        return failure is not None and event.place >= failure.place

    def judge(self, part: Sequence[Due], error: Exception) -> Sequence[Sequence[Due]]:
        """What to try next instead of this part, in order."""
        if isinstance(error, Struck):
            struck = error.event.id
            self._convict([one for one in part if one.received.id == struck], {struck: error.error})
            return _parts(part)
        poisoned = error if isinstance(error, Poisoned) else Poisoned({})
        names = poisoned.culprits
        named = [one for one in part if one.received.id in names]
        if len(part) == 1:
            self._convict(part, {part[0].received.id: names.get(part[0].received.id, error)})
            return ()
        if not named:
            return _cut(part)
        again = [one for one in named if one.place in self.named]
        if again or poisoned.sure or len(named) == len(part):
            self._convict(again or named, names)
            return (part,)
        self.named.update(one.place for one in named)
        return _apart(part, named)

    def _convict(self, events: Iterable[Due], errors: Mapping[UUID, Exception]) -> None:
        for event in events:
            if not self.blocked(event):
                self.failures[event.key] = Failure(event.place, errors[event.received.id])


def _parts(events: Sequence[Due]) -> list[Sequence[Due]]:
    """Few enough events that are handled one by one in each, and any number of others."""
    singles = [
        number for number, event in enumerate(events) if not all(one.batch for one in event.subscriptions)
    ]
    starts = [0, *singles[_SINGLES::_SINGLES]]
    return [events[start:end] for start, end in zip(starts, [*starts[1:], len(events)], strict=True)]


def _cut(part: Sequence[Due]) -> list[Sequence[Due]]:
    size = -(-len(part) // _EIGHTHS)
    return [part[start : start + size] for start in range(0, len(part), size)]


def _apart(part: Sequence[Due], named: Iterable[Due]) -> tuple[Sequence[Due], Sequence[Due]]:
    """Those that nobody named, and the named ones with what follows them in their streams."""
    first: dict[Key, int] = {}
    for event in named:
        first.setdefault(event.key, event.place)
    behind = [one for one in part if one.place >= first.get(one.key, one.place + 1)]
    others = [one for one in part if one.place < first.get(one.key, one.place + 1)]
    return others, behind
