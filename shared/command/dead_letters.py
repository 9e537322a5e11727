"""`longxi dead-letters`: events that no attempt could apply. Look at them, try them again, or do without them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from shared.command.connection import Connection, ServiceClient
from shared.command.failing import plainly
from shared.contracts.catalogue import SERVICES
from shared.security.principal import Role

app = typer.Typer(help="死信 · Events that no attempt could apply", no_args_is_help=True)
_LOCAL = ZoneInfo("Asia/Shanghai")
_PATH = "/v1/operations/dead-letters"
_WIDE = 200
T = TypeVar("T")

Service = Annotated[str | None, typer.Option(help="服务名；默认全部 · one service only")]
Id = Annotated[str, typer.Argument(help="死信编号，可只写开头几位 · its id, or the beginning of it")]


@app.command("list")
def list_letters(
    service: Service = None,
    reason: Annotated[str | None, typer.Option(help="只看此原因 · only this reason")] = None,
) -> None:
    """列出死信 · List them, oldest first."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    with plainly(Console(stderr=True)):
        found = asyncio.run(_everywhere(_wanted(service), lambda client: _letters(client, reason)))
    table = Table(show_edge=False, pad_edge=False)
    for title in (
        "编号 id",
        "服务 service",
        "原因 reason",
        "类型 type",
        "次数 tries",
        "等待 waiting",
        "时间 held",
        "错误 error",
    ):
        table.add_column(title, overflow="fold", no_wrap=title.endswith("id"))
    total = 0
    for name, letters in found:
        for letter in letters:
            total += 1
            held = datetime.fromisoformat(letter["held_at"]).astimezone(_LOCAL).strftime("%m-%d %H:%M:%S")
            row = (letter["id"], name, letter["reason"], letter["type"] or "-", str(letter["attempts"]))
            table.add_row(*row, str(letter["waiting"]), held, letter["error"] or "")
    console.print(table if total else "没有死信 no dead letters")


@app.command()
def show(id: Id, service: Service = None) -> None:
    """查看一封 · Show one with its record."""
    console = Console()
    with plainly(Console(stderr=True), LookupError):
        _, content = asyncio.run(_on_one(service, id, lambda client, path: client.get(path)))
    console.print_json(data=content)


@app.command()
def retry(id: Id, service: Service = None) -> None:
    """重新处理 · Give it its attempts anew."""
    _act(id, service, "retry", "已重新排队 will be tried again")


@app.command()
def drop(
    id: Id,
    service: Service = None,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问 · do not ask")] = False,
) -> None:
    """放弃此事件，其后的事件继续 · Do without it; the events behind it go on."""
    if not yes:
        typer.confirm("此事件将不再应用 This event will never be applied. 继续 go on?", abort=True)
    _act(id, service, "drop", "已放弃 dropped")


def _act(id: str, service: str | None, verb: str, done: str) -> None:
    console = Console(stderr=True)
    with plainly(console, LookupError):
        name, _ = asyncio.run(_on_one(service, id, lambda client, path: client.post(f"{path}/{verb}")))
    console.print(f"{name}: {done}", highlight=False)


def _wanted(service: str | None) -> Sequence[str]:
    return [service] if service else SERVICES


async def _everywhere(
    services: Sequence[str], ask: Callable[[ServiceClient], Awaitable[T]]
) -> list[tuple[str, T]]:
    connection = Connection.find()
    answers: list[tuple[str, T]] = []
    for name in services:
        async with connection.client(name, Role.OPERATOR) as client:
            answers.append((name, await ask(client)))
    return answers


async def _letters(client: ServiceClient, reason: str | None = None) -> list[dict[str, Any]]:
    letters: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = await client.get(_PATH, reason=reason, cursor=cursor, limit=200)
        letters += page["items"]
        cursor = page.get("next")
        if cursor is None:
            return letters


async def _on_one(
    service: str | None, id: str, act: Callable[[ServiceClient, str], Awaitable[Any]]
) -> tuple[str, Any]:
    """Act on the one dead letter that the id means. Raises LookupError for none or several."""
    found = await _everywhere(_wanted(service), _letters)
    meant = [
        (name, letter["id"]) for name, letters in found for letter in letters if letter["id"].startswith(id)
    ]
    if len(meant) != 1:
        raise LookupError(f"{len(meant)} 封死信的编号以 {id} 开头 dead letters begin with {id}")
    name, whole = meant[0]
    async with Connection.find().client(name, Role.OPERATOR) as client:
        return name, await act(client, f"{_PATH}/{whole}")
