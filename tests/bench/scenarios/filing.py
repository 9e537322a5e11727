"""Filing: the real intake application against a bare handler, 32 connections, one process each.

Three pairs. `filing`: without a category, so that ours reads it out of the words, which the bare one does not.
`filing_read`: the same against a bare one that reads them, too. `filing_said`: with the category that the filer says, as a
hotline does, where nothing is read.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from statistics import median

import asyncpg
import httpx

from shared.contracts.catalogue import SERVICES
from shared.database import Keyring, new_id
from shared.database.migrations import upgrade
from shared.local.environment import service_environment
from shared.local.layout import WANTED_PORTS, Stack
from shared.local.ports import free_port
from shared.security import LocalIssuer, Role
from tests.bench.bare.tables import make_tables
from tests.bench.figures import Figure, ratios
from tests.bench.ground import Child, Ground, MeasuringFailed, serving
from tests.bench.load import Load

FIGURES = (
    "filing_per_s",
    "filing_ratio",
    "filing_p99_ms",
    "filing_p99_ratio",
    "filing_read_ratio",
    "filing_said_ratio",
)
_SAID = "0102"
_POOL = 32
_RESIDENTS = 200
_PORTALS = 1_000  # so many that chance gives none of them more than its limit of requests a minute
_READY_SECONDS = 60
_SHARE = 0.7  # of the own maximum, for the open loop
# What intake knows of casework's grids: a catch-all and fifty buildings.
_GRIDS = """
INSERT INTO grid_place (tenant, grid, kind, code, places, catch_all, changed)
SELECT 'longxi', gen_random_uuid(), CASE WHEN n = 0 THEN 'area' ELSE 'building' END, 'g' || n,
       CASE WHEN n = 0 THEN '{}' ELSE ARRAY['龙溪花园' || n || '栋'] END, n = 0, now()
FROM generate_series(0, 50) AS n
"""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared."""

    url: str
    residents: Sequence[str]
    tokens: Sequence[str]
    category: str | None = None

    def saying(self, category: str) -> "Side":
        return replace(self, category=category)


async def measure(ground: Ground) -> Sequence[Figure]:
    rates: dict[str, list[float]] = {
        name: [] for name in ("ours", "bare", "ours said", "bare said", "bare read")
    }
    tails: dict[str, list[float]] = {"ours": [], "bare": []}
    async with _ours(ground) as ours, _bare(ground) as bare, _bare(ground, "reading") as reading:
        for _ in range(ground.rounds):
            for name, side in (("ours", ours), ("bare", bare)):
                await ground.checkpoint()
                rates[name].append((await file_many(ground, side))["per_second"])
                tails[name].append((await file_many(ground, side, rates[name][-1] * _SHARE))["p99"] * 1000)
            for name, side in (
                ("bare read", reading),
                ("ours said", ours.saying(_SAID)),
                ("bare said", bare.saying(_SAID)),
            ):
                await ground.checkpoint()
                rates[name].append((await file_many(ground, side))["per_second"])
    return [
        Figure("filing_per_s", rates["ours"], note=f"bare {median(rates['bare']):.0f}"),
        ratios("filing_ratio", rates["ours"], rates["bare"], 1.0),
        Figure("filing_p99_ms", tails["ours"]),
        ratios("filing_p99_ratio", tails["ours"], tails["bare"], 1.5, at_least=False),
        ratios("filing_read_ratio", rates["ours"], rates["bare read"], 1.0),
        ratios("filing_said_ratio", rates["ours said"], rates["bare said"], 1.0),
    ]


async def file_many(ground: Ground, side: Side, rate: float = 0.0) -> dict[str, float]:
    """What the load says. Raises MeasuringFailed."""
    load = Load(
        side.url,
        side.residents,
        side.tokens,
        ground.sized(60) / 10,
        rate=rate,
        connections=32,
        category=side.category,
    )
    return await report_of(await ground.start("load", load.words(ground.folder)))


async def report_of(load: Child) -> dict[str, float]:
    """What it says at its end. Raises MeasuringFailed where any filing was refused."""
    result = dict(await load.report())
    if statuses := result.pop("wrong"):
        raise MeasuringFailed(f"filings were not answered with 201 but: {statuses}")
    return result


@asynccontextmanager
async def _ours(ground: Ground) -> AsyncIterator[Side]:
    access = await ground.database("longxi_intake")
    await asyncio.to_thread(upgrade, "intake", access.owner_url)
    admin = await asyncpg.connect(ground.admin_url(access))
    await admin.execute(_GRIDS)
    await admin.close()
    issuer = LocalIssuer(ground.folder / ground.new_name("issuer"))
    keys = ground.folder / f"{ground.new_name('keys')}.json"
    Keyring.write_new(keys)
    task = await ground.task(access.url, ground.new_name("topic"))
    ports = {name: free_port() for name in WANTED_PORTS}
    stack = Stack(
        tenant="longxi",
        urls={service: f"http://127.0.0.1:{ports[f'{service}-api']}" for service in SERVICES},
        workers={},
        issuer_folder="",
        kafka_bootstrap_servers=task.kafka_bootstrap_servers,
        local_log_url=task.local_log_url,
    )
    environment = service_environment(
        "intake", stack, access, issuer, ports=ports, master_key_file=keys, receipts_secret=""
    )
    more = {"DATABASE_POOL": str(_POOL)}
    command = [sys.executable, "-m", "services.intake", "api"]
    with serving(command, {**environment, **more}, ground.folder / "filing.log"):
        url = stack.urls["intake"]
        await _answers(f"{url}/readyz")
        # As many callers as the hourly limits of each let through at this rate.
        tokens = [issuer.mint("longxi", f"portal-{number}", [Role.PORTAL]) for number in range(_PORTALS)]
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            residents = [await _resident(http, tokens[number], number) for number in range(_RESIDENTS)]
        yield Side(url, residents, tokens)


async def _resident(http: httpx.AsyncClient, token: str, number: int) -> str:
    answer = await http.post(
        "/v1/residents",
        json={"name": f"居民{number}", "phone": f"1990000{number:04}"},
        headers={"Authorization": f"Bearer {token}"},
    )
    return str(json.loads(answer.raise_for_status().text)["id"])


@asynccontextmanager
async def _bare(ground: Ground, *how: str) -> AsyncIterator[Side]:
    access = await ground.database()
    await make_tables(access.owner_url)
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.bare.filing", access.url, str(port), *how]
    with serving(command, {}, ground.folder / "bare.log"):
        url = f"http://127.0.0.1:{port}"
        await _answers(f"{url}/docs")
        yield Side(url, [str(new_id()) for _ in range(_RESIDENTS)], ["x" * 400])


async def _answers(url: str) -> None:
    """Raises TimeoutError."""
    async with asyncio.timeout(_READY_SECONDS), httpx.AsyncClient(trust_env=False) as http:
        while True:
            try:
                if (await http.get(url)).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
