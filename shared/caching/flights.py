"""Single flight: of all tasks of a process that want the same value, one loads it and the others wait."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from shared.caching.protocol import Entry


@dataclass(eq=False, slots=True)
class Flight:
    """One load on its way."""

    entry: Entry
    tags: frozenset[str]
    dropped: bool = False
    """What is being loaded was invalidated meanwhile: hand it out, do not keep it."""
    task: "asyncio.Task[bytes] | None" = field(default=None, repr=False)


class Flights:
    def __init__(self) -> None:
        self._open: dict[Entry, Flight] = {}
        # The loop holds tasks weakly only.
        self._tasks: set[asyncio.Task[bytes]] = set()

    async def join(
        self, entry: Entry, tags: Sequence[str], load: Callable[[Flight], Awaitable[bytes]]
    ) -> bytes:
        """The result of the load of `entry` that is on its way, or of a new one.

        It runs in a task of its own, so that a caller who is cancelled takes nobody else along.
        """
        flight = self._open.get(entry)
        if flight is None or flight.task is None:
            flight = Flight(entry, frozenset(tags))
            flight.task = asyncio.create_task(self._fly(flight, load))
            self._open[entry] = flight
            self._tasks.add(flight.task)
            flight.task.add_done_callback(self._land)
        return await asyncio.shield(flight.task)

    async def _fly(self, flight: Flight, load: Callable[[Flight], Awaitable[bytes]]) -> bytes:
        try:
            return await load(flight)
        finally:
            if self._open.get(flight.entry) is flight:
                del self._open[flight.entry]

    def _land(self, task: "asyncio.Task[bytes]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, for the case that everyone who waited has been cancelled

    def drop(self, entry: Entry) -> None:
        """Who asks from now on starts anew."""
        if flight := self._open.pop(entry, None):
            flight.dropped = True

    def drop_tag(self, tenant: str, tag: str) -> None:
        for flight in [*self._open.values()]:
            if flight.entry.tenant == tenant and tag in flight.tags:
                self.drop(flight.entry)
