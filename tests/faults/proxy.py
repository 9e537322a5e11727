"""A TCP proxy on 127.0.0.1 that can be cut, can swallow, and can be slow: one for each pair of parts that talk.

async with Link("intake-postgres", port, ("127.0.0.1", 5432)) as link:
    link.cut(); ...; link.heal()
"""

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

_CHUNK = 64 * 1024
_LINGER_NOT = struct.pack("ii", 1, 0)
"""SO_LINGER of no seconds: the connection ends with a RST and nothing that was under way arrives."""


@dataclass(frozen=True, slots=True)
class Slowness:
    """`latency` in seconds, each way; `rate` in bytes a second, for each connection and direction."""

    latency: float = 0.0
    rate: float = float("inf")


@dataclass
class Link:
    """From `port` to `target` (host, port). Start it on the loop that it shall run on."""

    name: str
    port: int
    target: tuple[str, int]
    connections: int = 0
    """Taken so far."""
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _refusing: bool = False
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _slow: Slowness = field(default_factory=Slowness)

    async def __aenter__(self) -> Self:
        self._flowing.set()
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self.port, limit=_CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        self._reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Every connection ends with a RST, and so does every new one until `heal`."""
        self._refusing = True
        self._reset()

    def swallow(self) -> None:
        """Nothing arrives any more, either way, and nobody is told: a black hole until `heal`."""
        self._flowing.clear()

    def slow(self, slowness: Slowness) -> None:
        self._slow = slowness

    def heal(self, *, forgetful: bool = False) -> None:
        """As before. What was swallowed arrives late, or with `forgetful` its connections end with a RST, as where a
        router in between has lost its table."""
        self._refusing = False
        self._slow = Slowness()
        if forgetful:
            self._reset()
        self._flowing.set()

    def _reset(self) -> None:
        for writer in list(self._open):
            _abort(writer)
        self._open.clear()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._refusing:
            _abort(writer)
            return
        self._open.add(writer)
        try:
            # In a black hole the other side is not reached either.
            await self._flowing.wait()
            there, onward = await asyncio.open_connection(*self.target, limit=_CHUNK)
        except OSError:
            _abort(writer)
            self._open.discard(writer)
            return
        _at_once(writer)
        _at_once(onward)
        self._open.add(onward)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, onward))
                both.create_task(self._carry(there, writer))
        except* OSError:
            # One side broke: the other hears it the same way.
            _abort(writer)
            _abort(onward)
        finally:
            for side in (writer, onward):
                self._open.discard(side)
                side.close()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """One direction, in order, each piece as late as the link is slow."""
        loop = asyncio.get_running_loop()
        free = loop.time()
        while piece := await source.read(_CHUNK):
            slow = self._slow
            if slow.latency or slow.rate != float("inf"):
                free = max(free, loop.time()) + len(piece) / slow.rate
                await asyncio.sleep(free + slow.latency - loop.time())
            await self._flowing.wait()
            target.write(piece)
            await target.drain()
        await self._flowing.wait()
        if target.can_write_eof():
            with suppress(OSError):
                target.write_eof()


def _abort(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    writer.transport.abort()


def _at_once(writer: asyncio.StreamWriter) -> None:
    """Without this small pieces wait for each other, and the proxy would be a slow link by itself."""
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
