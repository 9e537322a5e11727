"""Everybody may read what is public, but not so many at once that those who work here wait for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.web.refusals import Unavailable

AT_ONCE = 3
"""Of the ten connections that a process has to its database."""
IN_LINE = 60
"""Who comes later is told to come again: they would wait for seconds."""


class Crowd:
    """The line in which whoever shows no token stands, one for each process."""

    def __init__(self, at_once: int = AT_ONCE, in_line: int = IN_LINE) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._in_line = in_line
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises Unavailable where the line is too long."""
        if self._waiting >= self._in_line:
            raise Unavailable
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()
