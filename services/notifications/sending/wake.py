"""Waiting for work: until somebody notifies, or until the time that something falls due."""

import asyncio
from types import TracebackType
from typing import Any, Self

from shared.database import Database


class WakeLost(ConnectionError):
    """The listening connection broke; whoever waits starts again and looks for what was missed."""


class Wake:
    """Listens on a PostgreSQL channel, on a connection of its own. Notifications that come between waits are kept."""

    def __init__(self, database: Database, channel: str) -> None:
        self._database = database
        self._channel = channel
        self._rung = asyncio.Event()
        self._lost = False
        self._connection: Any = None

    async def __aenter__(self) -> Self:
        self._lost = False
        self._connection = await self._database.connect()
        self._connection.add_termination_listener(self._on_loss)
        await self._connection.add_listener(self._channel, self._on_notify)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            connection.remove_termination_listener(self._on_loss)
            connection.terminate()

    def ring(self) -> None:
        """Wake the waiter from inside: there is room again, or something to do."""
        self._rung.set()

    async def wait(self, seconds: float) -> bool:
        """Until notified or `seconds` have passed; whether notified. Raises WakeLost when nobody could any more."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            pass
        rung = self._rung.is_set()
        self._rung.clear()
        if self._lost:
            raise WakeLost(f"the connection that listens on {self._channel} was lost")
        return rung

    def _on_notify(self, *_: object) -> None:
        self._rung.set()

    def _on_loss(self, *_: object) -> None:
        self._lost = True
        self._rung.set()
