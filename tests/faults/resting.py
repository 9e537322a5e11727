"""Until nothing is left to do."""

import asyncio
import time
from collections.abc import Callable

import asyncpg

from shared.local.layout import Home
from shared.messaging.log import EventLog, LogError
from tests.faults.collecting import hurry, unfinished

_SAID_SECONDS = 30.0


class NotAtRest(Exception):
    """There is still something to do, and the text says what."""


async def at_rest(
    home: Home,
    log: EventLog,
    within: float,
    *,
    hurried: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """`hurried`: messages do not wait for their next attempt. A process may just be on its way up, and the log with it.

    Raises NotAtRest after so many seconds.
    """
    deadline, left, said = time.monotonic() + within, "", time.monotonic()
    while True:
        try:
            if hurried:
                await hurry(home)
            todo = dict(await unfinished(home, log))
            if not todo:
                return
            left = str(todo)
        except (OSError, LogError, asyncpg.PostgresError, asyncpg.InterfaceError, IndexError) as failure:
            left = repr(failure)
        if time.monotonic() > deadline:
            raise NotAtRest(f"after {within:.0f} s there is still to do: {left}")
        if time.monotonic() - said > _SAID_SECONDS:
            said = time.monotonic()
            say(f"still to do: {left}")
        await asyncio.sleep(0.5)
