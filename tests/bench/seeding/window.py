"""The days of the replay window: a partition each of outbox and inbox, filled and indexed before it is attached."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from tests.bench.seeding.plan import EVENTS, TAKEN, WINDOW_DAYS, Plan, at_midnight

_AT_ONCE = 2
# The k-th event of the n-th request is number (n - 1) * of_each + k; numbers are spread evenly over the window.
_OUTBOX = """
INSERT INTO {table} (position, recorded_at, id, topic, aggregate, sequence, tenant, type, time, correlation, dataschema, data)
SELECT p, at, bench.id('event' || p, n), '{topic}', bench.id('{kind}', n), 1 + (p - 1) % {of_each}, 'longxi',
       'request.withdrawn', at, bench.id('correlation', n), 'urn:longxi:event:request.withdrawn:v1',
       convert_to('{{"request":"' || bench.id('request', n) || '","resident":"' || bench.resident(n) || '"}}', 'UTF8')
FROM generate_series({first}::bigint, {last}) AS p, LATERAL (SELECT 1 + (p - 1) / {of_each} AS n) AS request,
     LATERAL (SELECT timestamptz '{begin}' + (p - {first}) * interval '{step} microseconds' AS at) AS moment
"""
_INBOX = """
INSERT INTO {table} (id, consumer, day)
SELECT bench.id('taken' || p, 1 + (p - 1) / {of_each}), '{consumer}', date '{begin}'
FROM generate_series({first}::bigint, {last}) AS p
"""
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = $1 AND indexdef NOT LIKE '%UNIQUE%'"


@dataclass(frozen=True, slots=True)
class _Day:
    parent: str
    number: int
    insert: str


async def fill_window(url: str, service: str, plan: Plan) -> None:
    """Thirteen whole days before today; what today brings comes by itself."""
    gate = asyncio.Semaphore(_AT_ONCE)
    async with asyncio.TaskGroup() as tasks:
        for day in _days(service, plan):
            tasks.create_task(_fill(url, service, plan, day, gate))
    admin = await asyncpg.connect(url)
    last = plan.requests * EVENTS[service]
    await admin.execute("SELECT setval(pg_get_serial_sequence('outbox', 'position'), $1)", last)
    await admin.execute("UPDATE outbox_progress SET position = $1", last)
    await admin.close()


def _days(service: str, plan: Plan) -> Sequence[_Day]:
    days = []
    for parent, insert, of_each in (("outbox", _OUTBOX, EVENTS[service]), ("inbox", _INBOX, TAKEN[service])):
        days += [_Day(parent, number, insert) for number in range(1 - WINDOW_DAYS, 0)]
        assert of_each
    return days


async def _fill(url: str, service: str, plan: Plan, day: _Day, gate: asyncio.Semaphore) -> None:
    of_each = (EVENTS if day.parent == "outbox" else TAKEN)[service]
    rows, count = plan.requests * of_each, WINDOW_DAYS - 1
    place = day.number + count
    first, last = rows * place // count + 1, rows * (place + 1) // count
    begin = at_midnight(plan.now, day.number)
    name = f"{day.parent}_{begin:%Y%m%d}"
    table = f"partitions.{name}"
    async with gate:
        admin = await asyncpg.connect(url)
        await admin.execute("SET synchronous_commit = off; SET maintenance_work_mem = '256MB'")
        owner = await admin.fetchval(
            "SELECT tableowner FROM pg_tables WHERE schemaname = 'public' AND tablename = $1", day.parent
        )
        await admin.execute(f"DROP TABLE IF EXISTS {table}")
        await admin.execute(
            f"CREATE TABLE {table} (LIKE {day.parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        )
        values = {
            "table": table,
            "topic": f"{service}.events",
            "kind": "message1" if service == "notifications" else "request",
            "of_each": of_each,
            "first": first,
            "last": last,
            "begin": begin.isoformat() if day.parent == "outbox" else begin.date().isoformat(),
            "step": max(86_000_000_000 // max(last - first + 1, 1), 1),
            "consumer": service,
        }
        await admin.execute(day.insert.format(**values), timeout=3600)
        await _index(admin, day.parent, table, name)
        await admin.execute(f'ALTER TABLE {table} OWNER TO "{owner}"')
        low, high = (begin, begin + timedelta(days=1))
        bounds = (
            (low.isoformat(), high.isoformat())
            if day.parent == "outbox"
            else (f"{low:%Y-%m-%d}", f"{high:%Y-%m-%d}")
        )
        await admin.execute(
            f"ALTER TABLE {day.parent} ATTACH PARTITION {table} FOR VALUES FROM ('{bounds[0]}') TO ('{bounds[1]}')"
        )
        await admin.execute(f"VACUUM ANALYZE {table}")
        await admin.close()


async def _index(admin: "asyncpg.Connection[asyncpg.Record]", parent: str, table: str, name: str) -> None:
    """As the parent has them, so that attaching has none to build."""
    for index in await admin.fetch(_INDEXES, parent):
        definition = index["indexdef"].replace(f"ON ONLY public.{parent}", f"ON {table}")
        await admin.execute(definition.replace(index["indexname"], f"{index['indexname']}_{name[-8:]}", 1))
    if parent == "inbox":
        await admin.execute(f"ALTER TABLE {table} ADD CONSTRAINT pk_{name} PRIMARY KEY (id, consumer, day)")
