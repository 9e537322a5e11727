"""For handlers of lists: work on each event so that the ones that fail are known.

    @handlers.on_batch(WorkerAssigned)
    async def assigned(session: AsyncSession, events: Sequence[Received[WorkerAssigned]]) -> None:
        await store(session, each(events, row_of))

Do it before anything is written: then a list with events that fail costs little more than one without.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from shared.messaging.envelope import Received
from shared.messaging.failures import Poisoned, passing

R = TypeVar("R", bound=Received[Any])
T = TypeVar("T")


def each(events: Iterable[R], work: Callable[[R], T]) -> list[T]:
    """`[work(event) for event in events]`, which names the events that it raised for: all of them, as Poisoned.

    A passing fault is raised as it is, at once.
    """
    results: list[T] = []
    culprits: dict[Any, Exception] = {}
    for event in events:
        try:
            results.append(work(event))
        except Exception as error:
            if passing(error):
                raise
            # Its traceback knows this frame and all events, a ring that only the garbage collector would open.
            culprits[event.id] = error.with_traceback(None)
    if culprits:
        raise Poisoned(culprits, sure=True)
    return results
