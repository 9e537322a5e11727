"""`longxi import register FILE`: what a community's register would change; `longxi import apply-register RUN`: change it."""

import asyncio
import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from shared.command.connection import Connection, ServiceClient
from shared.command.failing import plainly
from shared.command.importing.reading import UnreadableFile, encoding_of
from shared.security.principal import Role

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_BYTES = 700_000
"""Of a part; the service takes bodies of up to 1 MiB."""
_SHOWN = 20
_OUTCOMES = (("new", "新增"), ("changed", "变更"), ("same", "相同"), ("refused", "拒绝"), ("left", "待执行"))


def import_register(
    file: Annotated[Path, typer.Argument(help="居民台账：CSV 或 XLSX · the register: CSV or XLSX")],
    source: Annotated[str, typer.Option(help="来源代码 · the register's name")] = "register",
) -> None:
    """预演：只显示将会改变什么，不做改动 · Dry run: shows what the file would change, and changes nothing."""
    console = Console(stderr=True)
    with plainly(console, UnreadableFile, OSError):
        state, refused = asyncio.run(_rehearse(file, source))
    for row in refused[:_SHOWN]:
        why = "；".join(f"{problem['field']}: {problem['detail']}" for problem in row["problems"])
        console.print(f"第 {row['number']} 行 line {row['number']}: {why}", markup=False, highlight=False)
    _show(console, state)
    typer.echo(state["id"])
    console.print(f"执行 to apply: longxi import apply-register {state['id']}", highlight=False)


def apply_register(
    run: Annotated[str, typer.Argument(help="预演给出的编号 · the id that the dry run gave")],
) -> None:
    """执行预演过的导入；可重复运行 · Apply a dry run; running it again changes nothing."""
    console = Console(stderr=True)
    with plainly(console):
        state = asyncio.run(_apply(run, console))
    _show(console, state)
    if state["left"]:
        raise typer.Exit(1)


async def _rehearse(file: Path, source: str) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    parts = list(parts_of(file))
    async with Connection.find().client("intake", Role.OPERATOR) as client:
        state = await client.post("/v1/registers", {"source": source})
        path = f"/v1/registers/{state['id']}"
        for media, line, content in parts:
            state = await client.send(f"{path}/parts", content, media, first_line=line)
        refused = await client.get(f"{path}/rows", outcome="refused", limit=_SHOWN)
    return state, refused["items"]


async def _apply(run: str, console: Console) -> Mapping[str, Any]:
    client: ServiceClient
    async with Connection.find().client("intake", Role.OPERATOR) as client:
        while True:
            state: Mapping[str, Any] = await client.post(f"/v1/registers/{run}/apply")
            if not state["left"]:
                # Once more, so that the run ends and what was sent is destroyed.
                return await client.post(f"/v1/registers/{run}/apply")  # type: ignore[no-any-return]
            _show(console, state)


def parts_of(file: Path, most: int = MAX_BYTES) -> Iterator[tuple[str, int, bytes]]:
    """Media type, the line that the part's header stands for, and at most so many bytes. Raises UnreadableFile."""
    if file.suffix.lower() == ".xlsx":
        content = file.read_bytes()
        if len(content) > most:
            raise UnreadableFile(f"{file}: over {most} bytes; save it as CSV, which is sent in parts")
        yield XLSX, 1, content
        return
    with file.open(encoding=encoding_of(file), newline="") as source:
        rows = csv.reader(source)
        header = next(rows, None)
        if header is None:
            raise UnreadableFile(f"{file}: is empty")
        part, first, line = _begun(header), rows.line_num + 1, rows.line_num + 1
        for cells in rows:
            text = _line(cells)
            if len(part) + len(text) > most:
                yield CSV, first - 1, bytes(part)
                part, first = _begun(header), line
            part += text
            line = rows.line_num + 1
        yield CSV, first - 1, bytes(part)


def _begun(header: list[str]) -> bytearray:
    """A part with its header, which has to be one line: rows are counted from it."""
    return bytearray(_line([title.replace("\n", " ") for title in header]))


def _line(cells: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode()


def _show(console: Console, state: Mapping[str, Any]) -> None:
    words = ", ".join(f"{zh} {code} {state[code]}" for code, zh in _OUTCOMES)
    console.print(words, highlight=False)
