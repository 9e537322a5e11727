"""Running an ASGI application in this process on a real port, for fakes of the outside world."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave Ctrl-C to whoever runs this loop."""
        yield


@asynccontextmanager
async def serving(app: Any, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """The base URL of the application while it is served; port 0 takes a free one. Raises OSError for a taken port."""
    config = uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False, lifespan="off")
    sock = config.bind_socket() if port == 0 else None
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[sock] if sock else None))
    try:
        while not server.started:
            if task.done():
                raise OSError(f"port {port} cannot be served")
            await asyncio.sleep(0.01)
        bound = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://{host}:{bound}"
    finally:
        server.should_exit = True
        # Connections that a client keeps open would otherwise be waited for.
        server.force_exit = True
        await asyncio.gather(task, return_exceptions=True)
        if sock is not None:
            sock.close()
