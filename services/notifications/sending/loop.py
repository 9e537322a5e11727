"""The shape of a sender: claim what is due, work on many at once, wait for more, finish what is under way at stop."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from services.notifications.sending.wake import Wake
from shared.clock import Clock
from shared.observing import get_logger

T = TypeVar("T")
_log = get_logger(__name__)

LONGEST_WAIT = timedelta(minutes=1)
"""Even when nothing is known to be due: a notification might be lost with its connection."""
_PAUSE_SECONDS = 0.2
"""While things keep coming, nobody asks when the next one falls due: whatever is due is taken with them."""


async def work_off(
    wake: Wake,
    *,
    claim: Callable[[int], Awaitable[Sequence[T]]],
    work: Callable[[Sequence[T]], Awaitable[bool]],
    next_due: Callable[[], Awaitable[datetime | None]],
    clock: Clock,
    capacity: int,
    batch: int,
    drain: timedelta,
) -> None:
    """Never returns. `claim(n)` takes at most n things that are due, all there are if it takes fewer. `work` ends them
    and says whether any of them is due again; its errors are only logged, since a lease that runs out makes the thing
    due again.

    At most `capacity` things are under way. When cancelled it claims nothing more and gives what is under way `drain`
    to finish.
    """
    under_way: set[asyncio.Task[None]] = set()
    count, full = 0, False

    async def run(things: Sequence[T]) -> None:
        nonlocal count
        again = True
        try:
            again = await work(things)
        except Exception as error:
            _log.error("sending failed, the lease will run out", kind=type(error).__name__, exc_info=error)
        finally:
            count -= len(things)
            if again or full:
                wake.ring()

    try:
        async with wake:
            while True:
                room = min(batch, capacity - count)
                full = room <= 0
                if full:
                    await wake.wait(LONGEST_WAIT.total_seconds())
                    continue
                things = await claim(room)
                if things:
                    count += len(things)
                    task = asyncio.create_task(run(things))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                if len(things) < room and not await wake.wait(_PAUSE_SECONDS):
                    await wake.wait(await _seconds(next_due, clock))
    finally:
        await _finish(under_way, drain)


async def _seconds(next_due: Callable[[], Awaitable[datetime | None]], clock: Clock) -> float:
    due = await next_due()
    if due is None:
        return LONGEST_WAIT.total_seconds()
    # Something due that could not be claimed is another sender's: look again, but not in a busy loop.
    return min(max((due - clock()).total_seconds(), _PAUSE_SECONDS), LONGEST_WAIT.total_seconds())


async def _finish(under_way: set[asyncio.Task[None]], drain: timedelta) -> None:
    if not under_way:
        return
    _, late = await asyncio.wait(set(under_way), timeout=drain.total_seconds())
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
