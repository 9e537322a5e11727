"""Running an HTTP application within a process that has other things to finish too."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

# Requests in flight may finish for so long after SIGTERM.
_GRACE_SECONDS = 15


class Server(uvicorn.Server):
    """uvicorn that leaves signals to us: its own handling ends the process before the rest of it could finish."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def http_server(app: Any, host: str, port: int) -> Server:
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return Server(config)


def told_to_stop() -> asyncio.Event:
    """Set by SIGTERM and by Ctrl-C."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def serve_until(stop: asyncio.Event, server: Server) -> None:
    """Serve until `stop` is set, then finish the requests in flight. Raises if the server ends by itself."""
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not stop.is_set():
        await serving
        raise RuntimeError("the HTTP server ended by itself; is its port taken?")
    server.should_exit = True
    await serving
