"""Whatever a platform of this process writes and answers, kept: its log at the finest level, its spans, its answers."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from shared.observing import configure
from shared.observing.exporting import start_tracing
from shared.testing.serving import serving
from tests.support.everywhere import Piece
from tests.support.platform import Platform
from tests.support.spans import Collector, collector

OUTSIDE = frozenset({"sms.test"})
"""Hosts that are not ours: the SMS provider's protocol has the number in its address."""


@dataclass(slots=True)
class Overheard:
    stream: io.StringIO = field(default_factory=io.StringIO)
    spans: Collector = field(default_factory=Collector)
    calls: list[Piece] = field(default_factory=list)
    """The address of every call to a service, and every answer that is an error, headers and all."""

    @property
    def log(self) -> str:
        return self.stream.getvalue()


@asynccontextmanager
async def overheard(platform: Platform) -> AsyncIterator[Overheard]:
    """While the block runs. Spans are there when it has ended."""
    kept = Overheard()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    services = {host: app for host, app in platform.routes.apps.items() if host not in OUTSIDE}
    async with serving(collector(kept.spans)) as url:
        # The mail server is not ours either, though it runs in this process.
        logging.getLogger("mail").setLevel(logging.CRITICAL)
        configure("platform", "test", "DEBUG", stream=kept.stream)
        stop = start_tracing("platform", "test", url)
        for host, app in services.items():
            platform.routes.apps[host] = _Listening(app, host.removesuffix(".test"), kept.calls)
        try:
            yield kept
        finally:
            platform.routes.apps.update(services)
            # It sends what is left and waits, while this loop has to receive it.
            await asyncio.to_thread(stop)
            root.handlers[:], root.level = handlers, level
            logging.getLogger("mail").setLevel(logging.NOTSET)
            logging.captureWarnings(False)
            structlog.reset_defaults()


class _Listening:
    def __init__(self, app: Any, service: str, calls: list[Piece]) -> None:
        self._app = app
        self._service = service
        self._calls = calls

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._calls.append((f"address at {self._service}", scope["raw_path"] + b"?" + scope["query_string"]))
        status = 0

        async def listen(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._calls.append((f"headers of {self._service}", repr(message["headers"]).encode()))
            elif status >= 400:
                self._calls.append((f"error of {self._service}", message.get("body", b"")))
            await send(message)

        await self._app(scope, receive, listen)


__all__ = ["Overheard", "overheard"]
