"""Searching for near duplicates: fingerprint, statement and comparing, against 100,000 open and recent requests.

The words are made: thousands of places, dozens of concerns, sentences that everybody writes. One request in twenty is about
one of twenty hot spots, so that some terms have hundreds of requests. Each search is for a concern that was not filed.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from services.intake.duplicates.fingerprints import Printer
from services.intake.duplicates.queries import similar
from services.intake.duplicates.rules.likeness import OFFERED, Case
from shared.database import Database, new_id
from shared.database.migrations import upgrade
from tests.bench.figures import Figure, percentile
from tests.bench.ground import Ground

FIGURES = ("similar_p50_ms", "similar_p99_ms", "similar_print_ms")
_TENANT = "longxi"
_REQUESTS = 100_000
_SEARCHES = 400
_CHUNK = 5_000
_HOT = 20
_PLACES = 4_000
_AIM_MS = 50.0
_KEY = b"k" * 32
_KINDS = ("小区", "花园", "家园", "新村", "路", "街", "小学", "市场", "广场", "公园")
_CONCERNS = (
    "路灯坏了好几天，晚上走路看不清",
    "流浪狗成群，追着小孩跑，已经咬了人",
    "楼道堆满杂物，消防通道被堵",
    "夜间施工噪音太大，居民无法休息",
    "垃圾桶没有人清运，臭味很重",
    "停车位被占，救护车进不来",
    "物业乱收费，账目从来不公开",
    "下水道堵塞，污水流到路面上",
    "电梯经常停在半空，老人被困",
    "烧烤摊油烟直接排到窗口",
    "自来水发黄，水压很低",
    "广场舞音响开到半夜",
    "绿化带被人种菜，树被砍掉",
    "井盖丢失，骑车的人摔伤",
    "违章搭建，挡住采光和通风",
)
_EVERYBODY = (
    "希望有关部门尽快处理，给居民一个答复。",
    "我们多次向物业和社区反映，一直没有解决。",
    "尊敬的领导，您好，我是这里的居民。",
    "请领导关注民生，谢谢！",
    "影响了大家的正常生活，请尽快派人来看一看。",
)


class _Words:
    """A community's concerns, the same every time."""

    def __init__(self) -> None:
        self._random = random.Random(2026)  # noqa: S311 - no secret
        self._places = [self._place() for _ in range(_PLACES)]

    def _place(self) -> str:
        name = "".join(chr(0x4E00 + self._random.randrange(3_000)) for _ in range(3))
        return name + self._random.choice(_KINDS)

    def concern(self) -> tuple[str, str]:
        hot = self._random.random() < 0.05
        place = self._places[self._random.randrange(_HOT if hot else _PLACES)]
        said = self._random.choice(_CONCERNS)
        number = f"{self._random.randrange(1, 40)}栋"
        polite = "".join(self._random.sample(_EVERYBODY, 3))
        return (
            f"{place}{said.split('，')[0]}",
            f"{polite}{place}{number}{said}。{self._random.choice(_EVERYBODY)}",
        )


async def measure(ground: Ground) -> Sequence[Figure]:
    access = await ground.database("longxi_intake")
    await asyncio.to_thread(upgrade, "intake", access.owner_url)
    words, printer = _Words(), Printer(_KEY)
    count = ground.sized(_REQUESTS)
    await _fill(ground.admin_url(access), words, printer, count)
    database = Database(access.url)
    await database.start()
    middles, tails, prints = list[float](), list[float](), list[float]()
    try:
        await _searched(database, words, printer, 50)
        for _ in range(ground.rounds):
            took = await _searched(database, words, printer, ground.sized(_SEARCHES))
            middles.append(percentile([whole for whole, _ in took], 0.5) * 1000)
            tails.append(percentile([whole for whole, _ in took], 0.99) * 1000)
            prints.append(percentile([made for _, made in took], 0.5) * 1000)
    finally:
        await database.stop()
    note = f"{count:,} requests"
    return [
        Figure("similar_p50_ms", middles, note=note),
        Figure("similar_p99_ms", tails, _AIM_MS, at_least=False, note=note),
        Figure("similar_print_ms", prints, 1.0, at_least=False, note="of it the fingerprint, 130 characters"),
    ]


async def _searched(
    database: Database, words: _Words, printer: Printer, count: int
) -> Sequence[tuple[float, float]]:
    """Seconds of each search, and of its fingerprint."""
    took = []
    for _ in range(count):
        subject, body = words.concern()
        began = time.perf_counter()
        case = Case(printer.of(subject, body), datetime.now(UTC))
        made = time.perf_counter()
        await similar(database, _TENANT, case, least=OFFERED, most=5)
        took.append((time.perf_counter() - began, made - began))
    return took


async def _fill(url: str, words: _Words, printer: Printer, count: int) -> None:
    admin = await asyncpg.connect(url)
    await admin.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    resident = new_id()
    for begun in range(0, count, _CHUNK):
        requests, sketches, terms = [], [], []
        for number in range(begun, min(begun + _CHUNK, count)):
            print = printer.of(*words.concern())
            id = new_id()
            requests.append(_request(id, number, resident))
            sketches.append((_TENANT, id, print.packed()))
            terms += [(_TENANT, term, id) for term in print.sought]
        await admin.copy_records_to_table("request", columns=_COLUMNS, records=requests)
        await admin.copy_records_to_table(
            "request_fingerprint", columns=("tenant", "request", "sketch"), records=sketches
        )
        await admin.copy_records_to_table(
            "request_term", columns=("tenant", "term", "request"), records=sorted(terms)
        )
    await admin.execute("VACUUM (ANALYZE)", timeout=600)
    await admin.close()


_COLUMNS = (
    "tenant", "id", "reference", "resident", "urgency", "channel", "prefers_same_gender", "filed", "history",
    "version", "state", "handle_started", "handle_due", "handle_provisional", "handle_open", "returns",
    "head_decides", "reworks", "reopenings",
)  # fmt: skip


def _request(id: UUID, number: int, resident: UUID) -> tuple[object, ...]:
    filed = datetime.now(UTC) - timedelta(days=number % 90)
    due = filed + timedelta(days=7)
    return (
        _TENANT, id, f"{number:015d}", resident, "normal", "web", False, filed, False, 1, "filed", filed, due, False,
        True, 0, False, 0, 0,
    )  # fmt: skip
