"""`longxi replay`: send a service's events again, to everyone or to one consumer. Always safe."""

import asyncio
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from shared.command.connection import Connection
from shared.command.failing import plainly
from shared.security.principal import Role

_LOCAL = ZoneInfo("Asia/Shanghai")
_TIMES = ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]


def replay(
    service: Annotated[str, typer.Argument(help="发布事件的服务 · the service that published them")],
    from_time: Annotated[
        datetime | None, typer.Option("--from", formats=_TIMES, help="此时起（上海时间）· recorded since")
    ] = None,
    to_time: Annotated[
        datetime | None, typer.Option("--to", formats=_TIMES, help="此时止 · recorded before")
    ] = None,
    type: Annotated[str | None, typer.Option(help="只此类型，如 request.filed · only this type")] = None,
    aggregate: Annotated[str | None, typer.Option(help="只此对象 · only this aggregate's id")] = None,
    from_sequence: Annotated[int | None, typer.Option(min=1, help="起始序号 · first sequence")] = None,
    to_sequence: Annotated[int | None, typer.Option(min=1, help="终止序号 · last sequence")] = None,
    consumer: Annotated[
        str | None, typer.Option(help="只发给此服务，重建其读模型 · rebuild this consumer's read model")
    ] = None,
) -> None:
    """重发事件；不带 --consumer 时各服务自动去重 · Send events again; whoever has them drops them."""
    wanted: dict[str, Any] = {
        "from": _moment(from_time),
        "to": _moment(to_time),
        "type": type,
        "aggregate": aggregate,
        "from_sequence": from_sequence,
        "to_sequence": to_sequence,
        "consumer": consumer,
    }
    body = {name: value for name, value in wanted.items() if value is not None}
    console = Console(stderr=True)
    if not body:
        console.print(
            "请说明要重发什么 say what to send again: --from, --type, --aggregate …", highlight=False
        )
        raise typer.Exit(2)
    with plainly(console):
        answer = asyncio.run(_request(service, body))
    console.print(
        f"{answer['events']} 条事件将重发 events will be sent again ({answer['replay']})", highlight=False
    )


async def _request(service: str, body: dict[str, Any]) -> dict[str, Any]:
    async with Connection.find().client(service, Role.OPERATOR) as client:
        answer: dict[str, Any] = await client.post("/v1/operations/replay", body)
        return answer


def _moment(local: datetime | None) -> str | None:
    return local.replace(tzinfo=_LOCAL).isoformat() if local else None
