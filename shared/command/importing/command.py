"""`longxi import requests FILE.csv`."""

import asyncio
import csv
import json
import time
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from shared.command.connection import Connection
from shared.command.failing import plainly
from shared.command.importing.filing import Report, file_rows
from shared.command.importing.reading import BadRow, UnreadableFile, read
from shared.command.importing.waiting import Counts, wait_until_told
from shared.security.principal import Role

app = typer.Typer(help="导入 · Import files through the HTTP API", no_args_is_help=True)
_SHOWN = 20
_PATIENCE = timedelta(minutes=10)


class SummaryForm(StrEnum):
    TEXT = "text"
    JSON = "json"


@app.callback()
def _imports() -> None:
    """导入 · Import files through the HTTP API"""


@app.command("requests")
def import_requests(
    file: Annotated[Path, typer.Argument(help="CSV 文件，UTF-8 或 GB18030 · the file")],
    source: Annotated[
        str, typer.Option(help="来源系统代码；同一来源同一编号只受理一次 · the other system's name")
    ] = "import",
    as_history: Annotated[
        bool, typer.Option("--as-history", help="作为历史记录，不派遣不告知 · assign and tell nobody")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="等到全部派遣并告知 · until all are assigned and told")
    ] = False,
    summary: Annotated[
        SummaryForm, typer.Option(help="最后一行的格式 · form of the last line")
    ] = SummaryForm.TEXT,
    concurrency: Annotated[
        int, typer.Option(min=1, max=32, help="同时发送的批数 · batches on their way")
    ] = 4,
    patience: Annotated[
        float,
        typer.Option(min=1, help="--wait 时无进展多少秒后放弃 · give up after so long without progress"),
    ] = 120.0,
    report: Annotated[
        Path | None, typer.Option(help="被拒行写入此 CSV · where refused rows are written")
    ] = None,
) -> None:
    """受理文件中的每一行；可重复运行，不会重复受理 · File every row once, however often it is run."""
    console = Console(stderr=True)
    started = time.monotonic()
    with plainly(console, UnreadableFile):
        result, counts = asyncio.run(
            _import(
                file,
                source,
                as_history=as_history,
                wait=wait,
                concurrency=concurrency,
                patience=patience,
                bar=Bar(console),
            )
        )
    _show_refused(console, result.refused, report or file.with_suffix(".refused.csv"))
    line = _summary(result, counts, time.monotonic() - started)
    typer.echo(json.dumps(line) if summary is SummaryForm.JSON else _words(line))
    if result.refused or line["lost"] or (wait and not counts.complete):
        raise typer.Exit(1)


async def _import(
    file: Path,
    source: str,
    *,
    as_history: bool,
    wait: bool,
    concurrency: int,
    patience: float,
    bar: "Bar",
) -> tuple[Report, Counts]:
    client = Connection.find().client("intake", Role.OPERATOR, patience=_PATIENCE)
    async with client:
        with bar:
            total = sum(1 for _ in read(file))
            result = await file_rows(
                client,
                read(file),
                source=source,
                history=as_history,
                concurrency=concurrency,
                progress=lambda report: bar.show(
                    "受理 filed", len(report.external_ids) + len(report.refused), total
                ),
            )
            counts = await wait_until_told(
                client,
                source,
                result.external_ids,
                patience=patience if wait else 0.0,
                progress=lambda counts: bar.show("告知 told", counts.told, counts.known),
            )
    return result, counts


def _summary(report: Report, counts: Counts, seconds: float) -> dict[str, float]:
    return {
        "rows": report.rows,
        "filed": report.filed,
        "already": report.already,
        "refused": len(report.refused),
        "assigned": counts.assigned,
        "told": counts.told,
        "lost": report.filed + report.already - counts.known,
        "seconds": round(seconds, 1),
    }


def _words(line: dict[str, float]) -> str:
    return (
        f"共 {line['rows']:.0f} 行：新受理 {line['filed']:.0f}，已有 {line['already']:.0f}，"
        f"拒绝 {line['refused']:.0f}，已派遣 {line['assigned']:.0f}，已告知 {line['told']:.0f}，"
        f"丢失 {line['lost']:.0f}，用时 {line['seconds']} 秒"
    )


def _show_refused(console: Console, refused: Sequence[BadRow], file: Path) -> None:
    """The first few on the screen, all of them in a file: numbers and reasons, none of the text."""
    for row in refused[:_SHOWN]:
        console.print(
            f"第 {row.line} 行 line {row.line}: {row.field}: {row.reason}", markup=False, highlight=False
        )
    if not refused:
        return
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["line", "message_id", "field", "reason"])
        writer.writerows([row.line, row.external_id, row.field, row.reason] for row in refused)
    console.print(f"{len(refused)} 行被拒，见 refused rows in {file}", markup=False, highlight=False)


class Bar:
    """A progress bar on a terminal; a line now and then elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = 0.0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> "Bar":
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def show(self, what: str, done: int, total: int) -> None:
        self._bar.update(self._task, description=what, completed=done, total=total)
        if not self._console.is_terminal and (done == total or time.monotonic() - self._shown > 5):
            self._shown = time.monotonic()
            self._console.print(f"{what} {done}/{total}", highlight=False)
