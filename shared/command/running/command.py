"""`longxi run` keeps a platform in `.longxi` up until Ctrl-C; `longxi demo` shows the same in a temporary folder."""

import asyncio
import signal
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from shared.clock import system_clock
from shared.command.connection import CannotConnect, Connection, Refused
from shared.command.events import log_of
from shared.command.failing import plainly
from shared.command.running.flow import Flow
from shared.command.running.screen import Screen, open_screen
from shared.command.running.summary import addresses, summary
from shared.command.sample.files import rows
from shared.command.sample.loading import Loaded, load
from shared.command.sample.working import work
from shared.contracts.catalogue import TOPICS
from shared.local.layout import Home, Stack, default_home
from shared.local.platform import Platform, PlatformFailed, only_one
from shared.local.postgres import PostgresFailed
from shared.messaging.envelope import Envelope, Malformed
from shared.security.principal import Role

_SETTLE_SECONDS = 60.0
_LOOK_SECONDS = 0.5
_FAILURES = (PlatformFailed, PostgresFailed)


def run(
    home: Annotated[Path | None, typer.Option(help="数据目录，默认 .longxi · folder of the data")] = None,
) -> None:
    """启动整个平台并载入示例社区，直到 Ctrl-C · Start the whole platform with the sample community."""
    with plainly(Console(stderr=True), *_FAILURES):
        _run(Home((home or default_home()).resolve()), stay=True)


def demo() -> None:
    """在临时目录里演示一遍后退出 · Show the flow once in a temporary folder, then stop."""
    with (
        tempfile.TemporaryDirectory(prefix="longxi-demo-") as folder,
        plainly(Console(stderr=True), *_FAILURES),
    ):
        _run(Home(Path(folder).resolve() / "longxi"), stay=False)


def _run(home: Home, *, stay: bool) -> None:
    flow = Flow()
    loaded_file = home.folder / "sample.json"
    names: dict[UUID, str] = {}
    screen = open_screen(flow, names)
    with only_one(home):
        platform = Platform(home, say=screen.say)
        started = time.monotonic()
        try:
            screen.say(f"正在启动 starting in {home.folder} …")
            stack = platform.start()
            screen.say(f"已就绪 ready after {time.monotonic() - started:.1f} s")
            with suppress(KeyboardInterrupt):
                asyncio.run(
                    _show(platform, stack, home, flow, screen, Loaded.open(loaded_file), names, stay=stay)
                )
        finally:
            screen.close()
            platform.stop()
            screen.say("已停止 stopped")


async def _show(
    platform: Platform,
    stack: Stack,
    home: Home,
    flow: Flow,
    screen: Screen,
    loaded: Loaded,
    names: dict[UUID, str],
    *,
    stay: bool,
) -> None:
    """Load, show, sum up; then stay until told to stop."""
    connection = Connection.of_home(home)
    told_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    tasks = [
        asyncio.create_task(platform.watch()),
        asyncio.create_task(_follow(connection, flow, screen)),
        asyncio.create_task(_main_job(connection, loaded, flow, screen, names)),
    ]
    stopping = asyncio.create_task(told_to_stop.wait())
    try:
        await asyncio.wait([tasks[2], stopping], return_when=asyncio.FIRST_COMPLETED)
        if tasks[2].done():
            tasks[2].result()
            held = await _held(connection)
            for line in ["", *summary(flow, held=held), "", *addresses(stack)]:
                screen.say(line)
            if stay:
                screen.say("")
                screen.say("运行中，Ctrl-C 停止 · running until Ctrl-C; try `.venv/bin/longxi doctor`")
                await stopping
    finally:
        for task in (*tasks, stopping):
            task.cancel()
        await asyncio.gather(*tasks, stopping, return_exceptions=True)


async def _main_job(
    connection: Connection, loaded: Loaded, flow: Flow, screen: Screen, names: dict[UUID, str]
) -> None:
    """The sample community: its people are registered and get to work; then wait until everyone is told."""
    await load(connection, loaded, screen.say)
    staff = {row["staff_number"]: row["name"] for row in rows("workers")}
    names.update({UUID(id): staff[number] for number, id in loaded.of("workers").items() if number in staff})
    worked = loaded.of("worked")
    if not worked:
        owners = {row["number"]: row["resident"] for row in rows("requests")}
        residents = loaded.of("residents")
        of_request = {id: residents[owners[number]] for number, id in loaded.of("requests").items()}
        await work(connection, list(of_request), of_request)
        worked["done"] = "yes"
        loaded.save()
    with suppress(TimeoutError):
        async with asyncio.timeout(_SETTLE_SECONDS):
            await _at_rest(connection, flow)


async def _at_rest(connection: Connection, flow: Flow) -> None:
    """Until all that was published has been seen, and all that is left to tell waits for the morning."""
    seen = -1
    # The services count, and the log has no end to wait for: there is nothing here to be woken by.
    while flow.events != seen or flow.unfinished() > await _held(connection):
        seen = flow.events
        await asyncio.sleep(_LOOK_SECONDS)


async def _follow(connection: Connection, flow: Flow, screen: Screen) -> None:
    """Every event as it arrives. Those of earlier runs are counted and not shown."""
    log = log_of(connection)
    began = system_clock()
    await log.start()
    try:
        async for record in log.tail(TOPICS, from_start=True):
            with suppress(Malformed):
                step = flow.take(Envelope.from_record(record))
                if step is not None and step.at >= began:
                    screen.step(step)
    finally:
        await log.stop()


async def _held(connection: Connection) -> int:
    """Messages that wait for the morning."""
    async with connection.client("notifications", Role.OPERATOR) as client:
        try:
            counts: Mapping[str, int] = await client.get("/v1/summary")
        except (Refused, CannotConnect):
            return 0
    return int(counts.get("held", 0))
