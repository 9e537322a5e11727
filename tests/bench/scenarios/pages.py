"""Intake's lists, pages and searches over HTTP at a million requests: how long the slowest of a hundred takes.

One caller at a time, each page as often as the others, in turn: what a person feels who looks at it. What counts the
requests of a month, or gives a thousand at once, is measured beside them and has no aim.
"""

import sys
from collections.abc import Sequence

import asyncpg
import httpx

from tests.bench.community import running
from tests.bench.figures import Figure, percentile
from tests.bench.ground import Ground
from tests.bench.growing.asked import Question, ask, questions_of
from tests.bench.growing.sizes import TIMES, Size, sizes_of

FIGURES = ("pages_p99_ms", "pages_slowest_p99_ms", "pages_p50_ms")
_CALLS = 100
_WARM = 5
_AIM_MS = 50.0
_MARKS = """
INSERT INTO rate_mark (
    tenant, request, entry, month, at, kind, category, grid, channel, responded, resolved, satisfied, flags)
SELECT tenant, id, 8, date_trunc('month', closed AT TIME ZONE 'Asia/Shanghai')::date, closed, 'rated', category, grid,
       channel, true, true, true, '{}'
FROM request WHERE closed IS NOT NULL
"""


async def measure(ground: Ground) -> Sequence[Figure]:
    async with sizes_of(ground, TIMES[-1:], ["intake"]) as (size,):
        admin = await asyncpg.connect(ground.admin_url(size.community.accesses["intake"]))
        try:
            await admin.execute(_MARKS)
            await admin.execute("VACUUM ANALYZE")
        finally:
            await admin.close()
        async with running(ground, size.community, [("intake", "api")]):
            taken = await _asked(ground, size)
    tails = {name: percentile(values, 0.99) for name, values in taken.items()}
    for name, tail in sorted(tails.items(), key=lambda one: -one[1])[:8]:
        sys.stderr.write(f"  {name}: {percentile(taken[name], 0.5):.1f} ms, of 99 in 100 {tail:.1f}\n")
    counted = {one.name for one in _questions(size) if one.of_a_span}
    slowest = max(tails.keys() - counted, key=lambda name: tails[name])
    note = f"{size.plan.requests:,} requests, {len(taken)} pages, the slowest is {slowest}"
    return [
        Figure("pages_p99_ms", list(tails.values()), note="range over the pages", parts=tails),
        Figure("pages_slowest_p99_ms", [tails[slowest]], _AIM_MS, at_least=False, note=note),
        Figure("pages_p50_ms", [percentile(values, 0.5) for values in taken.values()]),
    ]


def _questions(size: Size) -> Sequence[Question]:
    month = size.plan.now.strftime("%Y-%m")
    more = [
        Question("rates_of_month", "intake", f"/v1/rates?month={month}", of_a_span=True),
        Question("rates_by_level2", "intake", f"/v1/rates?month={month}&by=level2", of_a_span=True),
        Question("rate_opened", "intake", f"/v1/rates/requests?month={month}&number=resolved"),
        Question("hot_spots", "intake", "/v1/hot-spots"),
        Question("waiting_for_a_category", "intake", "/v1/understanding/waiting"),
        Question("open311", "intake", "/open311/v2/requests.json?page_size=50"),
        Question("open311_thousand", "intake", "/open311/v2/requests.json", of_a_span=True),
        Question("households", "intake", "/v1/households"),
    ]
    return [*(one for one in questions_of(size) if one.service == "intake"), *more]


async def _asked(ground: Ground, size: Size) -> dict[str, list[float]]:
    """Milliseconds of each call, by page."""
    taken: dict[str, list[float]] = {}
    url = size.community.stack.urls["intake"]
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=120) as client:
        questions = _questions(size)
        for call in range(_WARM + ground.sized(_CALLS)):
            for question in questions:
                seconds = await ask(client, size, question)
                if call >= _WARM:
                    taken.setdefault(question.name, []).append(seconds * 1000)
    return taken
