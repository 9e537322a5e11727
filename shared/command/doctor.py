"""`longxi doctor`: what runs, what lags, what is wrong, and what to do about it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from shared.command.connection import CannotConnect, Connection, Refused
from shared.command.failing import plainly
from shared.contracts.catalogue import SERVICES
from shared.security.principal import Role

_LAG_NOTICED = 1000
_UNSENT_SECONDS_NOTICED = 10.0
_PATIENCE = httpx.Timeout(5.0)


class Level(IntEnum):
    GOOD = 0
    NOTICE = 1
    WRONG = 2


_SIGNS = {
    Level.GOOD: "[green]正常[/green]",
    Level.NOTICE: "[yellow]注意[/yellow]",
    Level.WRONG: "[red]异常[/red]",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it is, and what to do if it is not well."""

    level: Level
    where: str
    what: str
    advice: str = ""


def doctor() -> None:
    """体检：运行、积压、异常与处置建议 · What runs, what lags, what is wrong and what to do."""
    console = Console()
    with plainly(Console(stderr=True)):
        findings = asyncio.run(_examine(Connection.find()))
    table = Table(show_edge=False, pad_edge=False)
    for title in ("状态", "部件 part", "情况 how it is", "建议 what to do"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        table.add_row(_SIGNS[finding.level], finding.where, finding.what, finding.advice)
    console.print(table)
    if any(finding.level is Level.WRONG for finding in findings):
        raise typer.Exit(1)


async def _examine(connection: Connection) -> list[Finding]:
    async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False) as http:
        ready = [
            _ready(http, f"{service} {role}", url)
            for service in SERVICES
            for role, urls in (("api", connection.urls), ("worker", connection.workers))
            if (url := urls.get(service))
        ]
        findings = list(await asyncio.gather(*ready))
    for service in SERVICES:
        if service in connection.urls:
            findings += await _messages(connection, service)
    return findings


async def _ready(http: httpx.AsyncClient, where: str, url: str) -> Finding:
    try:
        answer = (await http.get(f"{url}/readyz")).json()
    except (httpx.TransportError, ValueError):
        return Finding(
            Level.WRONG, where, f"没有回应 no answer at {url}", "查看日志 .longxi/logs · look at its log"
        )
    parts = ", ".join(f"{name} {state}" for name, state in answer["parts"].items())
    level = {"ready": Level.GOOD, "degraded": Level.NOTICE}.get(answer["status"], Level.WRONG)
    down = [name for name, state in answer["parts"].items() if state != "up"]
    return Finding(level, where, parts, " ".join(_ADVICE[name] for name in down if name in _ADVICE))


_ADVICE: Mapping[str, str] = {
    "database": "数据库不可用：服务会自行重连 · PostgreSQL is away; the service reconnects by itself.",
    "log": "事件日志不可用：事件暂存于发件箱，恢复后自动发送 · events wait in the outbox and go out by themselves.",
    "cache": "缓存不可用：只会变慢 · slower, nothing is lost.",
}


async def _messages(connection: Connection, service: str) -> list[Finding]:
    try:
        async with connection.client(service, Role.OPERATOR) as client:
            status: dict[str, Any] = await client.get("/v1/operations/status")
    except CannotConnect:
        return []
    except Refused as refusal:
        return [Finding(Level.WRONG, f"{service} events", str(refusal))]
    return [_outbox(service, status), _lag(service, status), _held(service, status)]


def _outbox(service: str, status: Mapping[str, Any]) -> Finding:
    unsent, age = status["unsent"], status["oldest_unsent_seconds"] or 0.0
    what = f"未发送 unsent {unsent}" + (f", {age:.0f} s" if unsent else "")
    if age <= _UNSENT_SECONDS_NOTICED:
        return Finding(Level.GOOD, f"{service} outbox", what)
    advice = "检查 worker 与事件日志 · see that the worker and the event log run"
    return Finding(Level.WRONG, f"{service} outbox", what, advice)


def _lag(service: str, status: Mapping[str, Any]) -> Finding:
    lag = status["lag"]
    if lag is None:
        return Finding(Level.NOTICE, f"{service} inbox", "事件日志没有回应 the event log does not answer")
    behind = sum(lag.values())
    what = f"待处理 behind {behind}"
    if behind <= _LAG_NOTICED:
        return Finding(Level.GOOD, f"{service} inbox", what)
    return Finding(
        Level.NOTICE,
        f"{service} inbox",
        what,
        "正在追赶；持续增长则增加 worker · add workers if it keeps growing",
    )


def _held(service: str, status: Mapping[str, Any]) -> Finding:
    held, dead = status["held"], sum(status["dead"].values())
    what = f"重试 retrying {held.get('retrying', 0)}, 死信 dead {dead}, 等待 waiting {held.get('waiting', 0)}"
    if dead:
        return Finding(
            Level.WRONG,
            f"{service} held",
            what,
            "`longxi dead-letters list`，修复后 retry · mend the cause, then retry",
        )
    if held.get("retrying"):
        return Finding(Level.NOTICE, f"{service} held", what, "自动重试中 · tried again by itself")
    return Finding(Level.GOOD, f"{service} held", what)
