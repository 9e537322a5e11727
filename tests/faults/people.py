"""Who lives and works in the community that is struck, and what they write."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from shared.command.connection import Connection
from shared.command.importing.reading import BadRow, read
from shared.security import Role

SOURCE = "faults"
WRITTEN = 4326
"""Messages where none are given: as many as the real ones."""
_FILE = "messages.csv"
_WORDS = ("路灯不亮", "楼道堆物", "井盖松动", "电梯停运", "垃圾没清", "占道停车")
_URGENCIES = ("normal", "normal", "normal", "urgent", "long")
_WORKERS, _RESIDENTS = 12, 30


@dataclass(frozen=True, slots=True)
class World:
    workers: Sequence[UUID]
    residents: Sequence[UUID]
    """Who file for themselves. A third are reached by mail, a third by SMS, the others in the inbox."""


def messages(folder: Path | None, count: int | None = None) -> tuple[list[Mapping[str, Any]], str]:
    """Rows as the bulk API takes them, and where they are from: a folder's `messages.csv`, or made up here."""
    file = (folder or Path(__file__).parents[3] / "shared" / "data") / _FILE
    if file.exists():
        rows = (row.request for row in read(file) if not isinstance(row, BadRow))
        return [_placed(row, number) for number, row in enumerate(islice(rows, count))], "real messages"
    return [_placed(row, number) for number, row in enumerate(_made_up(count or WRITTEN))], "messages made up"


def _made_up(count: int) -> Iterator[Mapping[str, Any]]:
    for number in range(count):
        yield {
            "external_id": f"F{number:05}",
            "resident_ref": f"R{number * 7 % (count * 3 // 4 + 1):05}",
            "submitted_at": "2026-01-05T09:00:00+08:00",
            "subject": _WORDS[number % len(_WORDS)],
            "body": f"{_WORDS[number % len(_WORDS)]}，已有{number % 9 + 1}天，请尽快处理。",
        }


def _placed(row: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    """With a place, so that grids are found, and an urgency."""
    address = f"龙溪路{number % 120 + 1}号"
    return {**row, "address": address, "urgency": _URGENCIES[number % len(_URGENCIES)]}


async def settle(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> World:
    """Workers with addresses, grids with owners, and residents, some of whom the rows speak of."""
    async with connection.client("casework", Role.HEAD) as head:
        workers = [
            UUID((await head.post("/v1/workers", _worker(number)))["id"]) for number in range(_WORKERS)
        ]
        for number in range(3):
            places = [f"龙溪路{number * 30 + house + 1}号" for house in range(30)]
            grid = {"code": f"g{number}", "kind": "building", "name": f"第{number + 1}网格", "places": places}
            await head.post("/v1/grids", {**grid, "owner": str(workers[number])})
        rest = {"code": "all", "kind": "area", "name": "全区", "owner": str(workers[3]), "catch_all": True}
        await head.post("/v1/grids", rest)
    async with connection.client("intake", Role.HEAD) as head:
        made = [await head.post("/v1/residents", _resident(number)) for number in range(_RESIDENTS)]
        for number, ref in enumerate(sorted({row["resident_ref"] for row in rows})):
            if zlib.crc32(ref.encode()) % 6 == 0:
                external = {"source": SOURCE, "ref": ref}
                await head.post("/v1/residents", {**_resident(_RESIDENTS + number), "external": external})
    return World(workers, [UUID(one["id"]) for one in made])


def _worker(number: int) -> Mapping[str, Any]:
    phone = {"phone": f"1990001{number:04}"} if number % 4 == 0 else {}
    mail = {"email": f"w{number}@longxi.example"}
    return {"staff_number": f"F{number}", "name": f"工作者{number}", **mail, **phone}


def _resident(number: int) -> Mapping[str, Any]:
    reached: Mapping[str, Any] = (
        {"phone": f"199{number:08}"},
        {"email": f"r{number}@longxi.example"},
        {},
    )[number % 3]
    return {"name": f"居民{number}", **reached}
