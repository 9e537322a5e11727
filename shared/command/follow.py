"""`longxi follow REFERENCE`: the whole story of one request, over all services, in order, with reasons."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from shared.command.connection import Connection, Refused
from shared.command.failing import plainly
from shared.contracts.vocabulary import name
from shared.security.principal import Role

_LOCAL = ZoneInfo("Asia/Shanghai")
_NOT_FOUND = 404
_WIDE = 140
# What casework decides, intake follows, and notifications tells: of the same moment, in this order.
_ORDER = ("casework", "intake", "notifications")
# Said in more detail by notifications itself.
_TOLD = frozenset({"told", "not_told"})


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened, and where."""

    at: datetime
    service: str
    what: str
    why: str = ""


def follow(
    reference: Annotated[
        str, typer.Argument(help="诉求编号，如 261124-381902-5 · the request's number, or its id")
    ],
) -> None:
    """一件诉求的全过程 · The whole story of one request."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    with plainly(Console(stderr=True)):
        lines, head = asyncio.run(_story(Connection.find(), reference))
    console.print(head, markup=False, highlight=False)
    table = Table(show_edge=False, pad_edge=False)
    for title in ("时间 time", "服务 service", "事项 what", "说明 why"):
        table.add_column(title, overflow="fold")
    for line in sorted(lines, key=lambda line: (line.at, _ORDER.index(line.service))):
        at = line.at.astimezone(_LOCAL).strftime("%m-%d %H:%M:%S.%f")[:-3]
        table.add_row(at, line.service, line.what, line.why)
    console.print(table)


async def _story(connection: Connection, reference: str) -> tuple[list[Line], str]:
    async with connection.client("intake", Role.OPERATOR) as intake:
        story = await intake.get(f"/v1/requests/{reference}/story")
    request = story["id"]
    due = datetime.fromisoformat(story["due"]).astimezone(_LOCAL).strftime("%Y-%m-%d %H:%M")
    provisional = "（暂定 provisional）" if story["due_provisional"] else ""
    head = f"诉求 {story['reference']}  {name('request_state', story['state'])} {story['state']}  办结期限 due {due}{provisional}"
    lines = [_intake_line(entry) for entry in story["entries"] if entry["entry"] not in _TOLD]
    async with connection.client("casework", Role.OPERATOR) as casework:
        lines += await _casework_lines(casework, request)
    async with connection.client("notifications", Role.OPERATOR) as notifications:
        lines += [
            _message_line(message) for message in await _pages(notifications, "/v1/messages", about=request)
        ]
    return lines, head


def _intake_line(entry: dict[str, Any]) -> Line:
    state = name("request_state", entry["to_state"])
    moved = f" → {state}" if entry["to_state"] != entry["from_state"] and state != entry["name"] else ""
    why = "，".join(part for part in (entry["reason_name"], name("actor", entry["role"])) if part)
    return Line(datetime.fromisoformat(entry["at"]), "intake", f"{entry['name']}{moved}", why)


async def _casework_lines(casework: Any, request: str) -> list[Line]:
    """The case's story and the reasons of its latest assignment; none where casework does not know it."""
    try:
        story = await casework.get(f"/v1/cases/{request}/story")
    except Refused as refusal:
        if refusal.status == _NOT_FOUND:
            return []
        raise
    return [_casework_line(line) for line in story["lines"]]


def _casework_line(line: dict[str, Any]) -> Line:
    what, _, why = line["text"].partition("：")
    return Line(datetime.fromisoformat(line["at"]), "casework", what, why)


def _message_line(message: dict[str, Any]) -> Line:
    who = name("recipient_kind", message["recipient_kind"]) if message["recipient_kind"] else ""
    state = name("message_state", message["state"])
    channel = name("message_channel", message["channel"]) if message["channel"] else ""
    why = " ".join(
        part for part in (channel, message["reason"] or "", f"第 {message['attempts']} 次") if part
    )
    at = datetime.fromisoformat(message["finished"] or message["created"])
    return Line(at, "notifications", f"{who}：{name('event', message['event'])} {state}", why)


async def _pages(client: Any, path: str, **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = await client.get(path, cursor=cursor, limit=200, **query)
        items += page["items"]
        cursor = page.get("next")
        if cursor is None:
            return items
