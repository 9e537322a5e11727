"""The load: filings over kept connections, closed loop (`rate` 0) or open, in a process of its own.

`python -m tests.bench.load FILE`, a Load as JSON. HTTP by hand: a client library takes more of the CPU than the server.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import orjson

from tests.bench.figures import percentile

_WORDS = "路灯坏了三天，晚上走路看不清，老人和孩子都不敢出门，请尽快派人来看一看，谢谢。"
_BODY_BYTES = 1100
_WARM_SECONDS = 1.0
_CREATED = 201


@dataclass(frozen=True, slots=True)
class Load:
    """Filings of `residents` with any of `tokens`, for so many seconds. `rate` a second; 0: as fast as answers come."""

    url: str
    residents: Sequence[str]
    tokens: Sequence[str]
    seconds: float
    connections: int = 32
    rate: float = 0.0
    category: str | None = None
    """What the filer says it is; None: ours reads it out of the words."""

    def words(self, folder: Path) -> list[str]:
        """The command line; the tokens are too long for one, so it names a file."""
        path = folder / f"load-{uuid4()}.json"
        path.write_text(json.dumps(asdict(self)))
        return [str(path)]


@dataclass(slots=True)
class Results:
    latencies: list[float] = field(default_factory=list)
    wrong: Counter[int] = field(default_factory=Counter)
    """By status."""

    def note(self, status: int, seconds: float) -> None:
        self.latencies.append(seconds)
        if status != _CREATED:
            self.wrong[status] += 1


class Filer:
    """One connection."""

    def __init__(self, load: Load, luck: random.Random) -> None:
        self._load, self._luck = load, luck
        self._host, self._port = str(urlsplit(load.url).hostname), int(urlsplit(load.url).port or 80)

    async def connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)

    async def file(self) -> int:
        """The status of the answer."""
        self._writer.write(self._request())
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await self._reader.readexactly(int(length))
        return int(head[9:12])

    def _request(self) -> bytes:
        said = {
            "resident": self._luck.choice(self._load.residents),
            "subject": "路灯不亮",
            "body": (_WORDS * 20)[: _BODY_BYTES // 3],
            "address": f"龙溪花园{self._luck.randrange(1, 60)}栋{self._luck.randrange(1, 6)}单元",
            "urgency": "normal",
            "channel": "portal",
            "category": self._load.category,
        }
        content = orjson.dumps(said)
        head = (
            f"POST /v1/requests HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self._luck.choice(self._load.tokens)}\r\n"
            f"Idempotency-Key: {uuid4()}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


async def closed(load: Load, filers: Sequence[Filer], results: Results) -> float:
    """Each files again as soon as it is answered. Seconds that it took."""
    started = time.perf_counter()

    async def one(filer: Filer) -> None:
        while time.perf_counter() - started < load.seconds:
            began = time.perf_counter()
            results.note(await filer.file(), time.perf_counter() - began)

    await asyncio.gather(*(one(filer) for filer in filers))
    return time.perf_counter() - started


async def opened(load: Load, filers: Sequence[Filer], results: Results) -> float:
    """Filings come when they come; each is measured from the moment it came, waiting for a connection included."""
    waiting: asyncio.Queue[float | None] = asyncio.Queue()

    async def one(filer: Filer) -> None:
        while (due := await waiting.get()) is not None:
            results.note(await filer.file(), time.perf_counter() - due)

    tasks = [asyncio.create_task(one(filer)) for filer in filers]
    luck, started = random.Random(7), time.perf_counter()  # noqa: S311 - chance for a test
    due = started
    while due < started + load.seconds:
        due += luck.expovariate(load.rate)
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        waiting.put_nowait(due)
    for _ in filers:
        waiting.put_nowait(None)
    await asyncio.gather(*tasks)
    return time.perf_counter() - started


async def run(load: Load) -> dict[str, Any]:
    luck = random.Random(11)  # noqa: S311 - chance for a test
    filers = [Filer(load, luck) for _ in range(load.connections)]
    await asyncio.gather(*(filer.connect() for filer in filers))
    warm = replace(load, seconds=_WARM_SECONDS, rate=0.0)
    await closed(warm, filers, Results())
    results = Results()
    seconds = await (opened if load.rate else closed)(load, filers, results)
    return {
        "per_second": len(results.latencies) / seconds,
        "p50": percentile(results.latencies, 0.5),
        "p99": percentile(results.latencies, 0.99),
        "wrong": results.wrong,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Load(**json.loads(Path(sys.argv[1]).read_text()))))))
