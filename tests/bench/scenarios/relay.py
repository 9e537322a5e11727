"""The relay: a backlog of 50,000 outbox rows, published and marked, against a bare relay of the same records."""

from collections.abc import Sequence

import asyncpg

from shared.database.provision import Access
from tests.bench.bare.tables import make_tables as make_bare_tables
from tests.bench.figures import Figure, ratios
from tests.bench.ground import Ground
from tests.support.messaging import make_tables

FIGURES = ("relay_per_s", "relay_ratio")
_ROWS = 50_000
_DATA = """convert_to('{"request":"' || gen_random_uuid() || '","resident":"' || gen_random_uuid() || '"}', 'UTF8')"""
_OURS = f"""
INSERT INTO outbox (id, topic, aggregate, sequence, tenant, type, time, correlation, dataschema, data)
SELECT gen_random_uuid(), $1, gen_random_uuid(), 1, 'longxi', 'request.withdrawn', now(), gen_random_uuid(),
       'urn:longxi:event:request.withdrawn:v1', {_DATA}
FROM generate_series(1, $2::integer)
"""  # noqa: S608 - made of the constant above
_BARE = f"""
INSERT INTO outbox (id, subject, type, data)
SELECT gen_random_uuid(), gen_random_uuid(), 'request.withdrawn', {_DATA} FROM generate_series(1, $1::integer)
"""  # noqa: S608 - made of the constant above


async def measure(ground: Ground) -> Sequence[Figure]:
    ours: list[float] = []
    bare: list[float] = []
    cpu: list[float] = []
    await drain(
        ground, "bare"
    )  # a fresh broker compiles while it works, and whoever comes first would pay for it
    for _ in range(ground.rounds):
        rate, seconds = await drain(ground, "ours")
        ours.append(rate)
        cpu.append(seconds)
        bare.append((await drain(ground, "bare"))[0])
    return [
        Figure(
            "relay_per_s",
            ours,
            note=f"bare {sorted(bare)[len(bare) // 2]:.0f}; {ground.log_note}".rstrip("; "),
        ),
        ratios("relay_ratio", ours, bare, 0.8, note=ground.log_note),
        Figure("relay_cpu_s_per_million", cpu),
    ]


async def drain(ground: Ground, side: str, *, of: Access | None = None) -> tuple[float, float]:
    """Rows a second, and seconds of CPU of the relay's process for a million; `of` fresh tables, or these."""
    access, topic = of or await ground.database(), ground.new_name("relay")
    if of is None:
        await (make_tables(access) if side == "ours" else make_bare_tables(access.owner_url))
    rows = ground.sized(_ROWS)
    admin = await asyncpg.connect(ground.admin_url(access))
    if side == "ours":
        await admin.execute(_OURS, topic, rows)
    else:
        await admin.execute(_BARE, rows)
    if of is None:
        await admin.execute("ANALYZE")
    await admin.close()
    await ground.checkpoint()
    task = await ground.task(access.url, topic, until=rows)
    said = await (await ground.start(f"{side}.relay", task.words())).report()
    return said["records"] / said["seconds"], said["cpu"] / said["records"] * 1e6
