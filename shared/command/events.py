"""`longxi events tail`: every event as it is published."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from shared.command.connection import CannotConnect, Connection
from shared.command.failing import plainly
from shared.contracts.catalogue import TOPICS
from shared.kafka_access import KafkaAccess, security_named
from shared.messaging.envelope import Envelope, Malformed
from shared.messaging.log import EventLog, LogOptions, LogUnavailable, open_log
from shared.messaging.records import Record

app = typer.Typer(help="事件 · Events", no_args_is_help=True)
_LOCAL = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class _LogSettings:
    kafka_bootstrap_servers: str | None
    local_log_url: str | None


def log_of(connection: Connection) -> EventLog:
    """The platform's event log, not yet started. Raises CannotConnect where its address is not known."""
    if connection.kafka_bootstrap_servers is None and connection.local_log_url is None:
        raise CannotConnect("the event log's address is not known: set KAFKA_BOOTSTRAP_SERVERS")
    return open_log(
        _LogSettings(connection.kafka_bootstrap_servers, connection.local_log_url),
        LogOptions(access=_access(os.environ)),
    )


def _access(environment: Mapping[str, str]) -> KafkaAccess:
    """From the variables that the services have, too. Raises CannotConnect."""

    def text(name: str) -> str | None:
        if environment.get(name):
            return environment[name]
        file = environment.get(f"{name}_FILE")
        return Path(file).read_text().strip() if file else None

    try:
        return KafkaAccess(
            security_named(text("KAFKA_SECURITY") or "plaintext"),
            text("KAFKA_USERNAME"),
            text("KAFKA_PASSWORD"),
            Path(ca) if (ca := environment.get("KAFKA_CA_FILE")) else None,
        )
    except (OSError, ValueError) as fault:
        raise CannotConnect(f"Kafka: {fault}") from None


@app.callback()
def _events() -> None:
    """事件 · Events"""


@app.command()
def tail(
    topic: Annotated[list[str] | None, typer.Option(help="只看这些主题 · only these topics")] = None,
    type: Annotated[str | None, typer.Option(help="只看此类型，如 request.filed · only this type")] = None,
    subject: Annotated[str | None, typer.Option(help="只看此对象的编号 · only this aggregate's id")] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="从最早的开始 · from the oldest")] = False,
    json: Annotated[bool, typer.Option("--json", help="每行一个 JSON · one JSON object a line")] = False,
) -> None:
    """实时显示事件，Ctrl-C 停止 · Show events as they are published."""
    console = Console(stderr=True)
    topics = topic or list(TOPICS)
    unknown = [name for name in topics if name not in TOPICS]
    if unknown:
        console.print(
            f"没有主题 no topic {', '.join(unknown)}; 可用 there are: {', '.join(TOPICS)}", highlight=False
        )
        raise typer.Exit(2)
    with plainly(console, LogUnavailable):
        asyncio.run(_tail(topics, type, subject, from_start=from_start, as_json=json))


async def _tail(
    topics: Sequence[str], type: str | None, subject: str | None, *, from_start: bool, as_json: bool
) -> None:
    log = log_of(Connection.find())
    await log.start()
    try:
        async for record in log.tail(topics, from_start=from_start):
            line = _line(record, type, subject, as_json=as_json)
            if line is not None:
                typer.echo(line)
    finally:
        await log.stop()


def _line(record: Record, type: str | None, subject: str | None, *, as_json: bool) -> str | None:
    try:
        event = Envelope.from_record(record)
    except Malformed as fault:
        return f"{record.topic} {record.partition}/{record.offset}: {fault}"
    if (type and event.type != type) or (subject and str(event.subject) != subject):
        return None
    data = event.data.decode()
    if as_json:
        return (
            f'{{"topic":"{record.topic}","partition":{record.partition},"offset":{record.offset},"id":"{event.id}",'
            f'"type":"{event.type}","subject":"{event.subject}","tenant":"{event.tenant}","sequence":{event.sequence},'
            f'"time":"{event.time.isoformat()}","data":{data}}}'
        )
    at = event.time.astimezone(_LOCAL).strftime("%H:%M:%S.%f")[:-3]
    return f"{at}  {event.type:<24} {event.subject} #{event.sequence}  {data}"
