"""The `worker` process: relay, consumer, jobs and the service's own loops, with health and metrics over HTTP."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette

from shared.jobs import Scheduler
from shared.messaging.inbox import Inbox
from shared.messaging.relay import Relay
from shared.messaging.standing import standing
from shared.retrying import forever
from shared.runtime.collecting import memory_kept_small
from shared.runtime.gaps import AskOwner
from shared.runtime.opening import built, opened
from shared.runtime.service import Parts, Runtime, S, Service
from shared.runtime.serving import http_server, serve_until, told_to_stop
from shared.runtime.upkeep import upkeep
from shared.web import readiness_of
from shared.web.health import system_routes

# The relay drains and the consumer finishes its batch; whatever takes longer is done again after the next start.
_FINISH_SECONDS = 15
log = logging.getLogger(__name__)


async def serve(service: Service[S], settings: S) -> None:
    """Work until SIGTERM or Ctrl-C, then finish what is under way."""
    stop = told_to_stop()
    async with opened(service, settings, "worker") as runtime:
        work = Work(service, runtime, built(service, runtime))
        parts = readiness_of(runtime.database, runtime.log, runtime.cache)
        health = Starlette(routes=system_routes(parts, work.measures))
        async with memory_kept_small():
            work.start(stop.set)
            try:
                await serve_until(stop, http_server(health, settings.host, settings.worker_port))
            finally:
                await work.stop()
    if work.broken:
        raise SystemExit(1)


class Work:
    """Everything that a worker does, as tasks. Each survives the loss of what it stands on by itself.

    One that ends all the same, unasked, would leave a process that looks well and does nothing: `broken` is set, and
    the process has to end, to be started again by whoever watches over it.
    """

    def __init__(self, service: Service[S], runtime: Runtime[S], parts: Parts) -> None:
        self._relay = Relay(runtime.database, runtime.log, service.name, watch=parts.watch)
        self._inbox: Inbox | None = None
        topics = tuple(dict.fromkeys(service.consumes))
        if service.consumes:
            self._inbox = Inbox(
                runtime.database,
                runtime.log,
                service.name,
                parts.handlers,
                topics=topics,
                tenants=runtime.tenants,
                ask_for=AskOwner(runtime),
                clock=runtime.clock,
            )
        holder = f"{socket.gethostname()}-{os.getpid()}"
        self._scheduler = Scheduler(runtime.database, [*parts.jobs, *upkeep(runtime)], holder, runtime.clock)
        self.measures = (
            *standing(runtime.database, runtime.log, service.name, topics),
            self._scheduler.measure,
            *parts.measures,
        )
        self._background = parts.background
        self._finishing: list[asyncio.Task[None]] = []
        self._ending: list[asyncio.Task[None]] = []
        self._stopping = False
        self.broken = False

    def start(self, end: Callable[[], None] = lambda: None) -> None:
        """`end` is called when the relay, the inbox or the scheduler has ended unasked."""
        self._finishing = [asyncio.create_task(self._relay.run(), name="relay")]
        if self._inbox is not None:
            self._finishing.append(asyncio.create_task(self._inbox.run(), name="inbox"))
        self._ending = [asyncio.create_task(self._scheduler.run(), name="jobs")]
        for task in (*self._finishing, *self._ending):
            task.add_done_callback(lambda ended: self._note(ended, end))
        self._ending += [_kept(number, loop) for number, loop in enumerate(self._background)]

    async def stop(self) -> None:
        """The inbox finishes its batch first, so that the relay can publish what came of it."""
        self._stopping = True
        for task in self._ending:
            task.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)
        if self._inbox is not None:
            self._inbox.stop()
            await asyncio.wait(self._finishing[1:], timeout=_FINISH_SECONDS)
        self._relay.stop()
        _, late = await asyncio.wait(self._finishing, timeout=_FINISH_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _note(self, task: "asyncio.Task[None]", end: Callable[[], None]) -> None:
        if self._stopping:
            return
        failure = None if task.cancelled() else task.exception()
        log.error("%s ended unasked, so this process ends", task.get_name(), exc_info=failure)
        self.broken = True
        end()


def _kept(number: int, loop: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
    name = f"background-{number}"
    return asyncio.create_task(forever(name, loop), name=name)
