"""A community that is measured: databases of three services, and their real processes where a figure needs them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx

from shared.command.connection import Connection
from shared.contracts.catalogue import SERVICES
from shared.database import Keyring
from shared.database.migrations import upgrade
from shared.database.provision import Access
from shared.local.environment import service_environment
from shared.local.layout import WANTED_PORTS, Stack
from shared.local.ports import free_port
from shared.security import LocalIssuer, Role
from tests.bench.ground import Ground, MeasuringFailed, serving

TENANT = "longxi"
MEASURED = ("intake", "casework", "notifications")
_STAFF = 100
_BUILDINGS = 50
_READY_SECONDS = 90
_POOL = 32


@dataclass(frozen=True, slots=True)
class Community:
    """Its databases, its keys, and the addresses that its processes have while they run."""

    accesses: Mapping[str, Access]
    issuer: LocalIssuer
    keys: Path
    """Master keys of all services."""
    log_url: str
    ports: Mapping[str, int] = field(default_factory=lambda: {name: free_port() for name in WANTED_PORTS})

    @property
    def stack(self) -> Stack:
        """On a local log of its own: several communities cannot share the topics of one Kafka."""
        return Stack(
            tenant=TENANT,
            urls={service: f"http://127.0.0.1:{self.ports[f'{service}-api']}" for service in SERVICES},
            workers={service: f"http://127.0.0.1:{self.ports[f'{service}-worker']}" for service in MEASURED},
            issuer_folder=str(self.issuer.jwks_file.parent),
            local_log_url=self.log_url,
        )

    @property
    def connection(self) -> Connection:
        stack = self.stack
        return Connection(
            TENANT, stack.urls, stack.workers, None, self.log_url, None, Path(stack.issuer_folder)
        )

    @property
    def keyring(self) -> Keyring:
        return Keyring.load(self.keys)

    def environment(self, service: str) -> Mapping[str, str]:
        given = service_environment(
            service,
            self.stack,
            self.accesses[service],
            self.issuer,
            ports=self.ports,
            master_key_file=self.keys,
            receipts_secret="receipts",
        )
        return {**given, "DATABASE_POOL": str(_POOL), "LOG_LEVEL": "WARNING"}


async def new_community(ground: Ground) -> Community:
    """Migrated databases with a staff and its grids, made by the services themselves."""
    accesses = {service: await ground.database(f"longxi_{service}") for service in MEASURED}
    for service, access in accesses.items():
        await asyncio.to_thread(upgrade, service, access.owner_url)
    keys = ground.folder / f"{ground.new_name('keys')}.json"
    Keyring.write_new(keys)
    issuer = LocalIssuer(ground.folder / ground.new_name("issuer"))
    community = Community(accesses, issuer, keys, await _log(ground))
    programs = [("casework", "api"), ("casework", "worker"), ("intake", "worker")]
    async with running(ground, community, programs):
        await _staff(community)
        await _grids_arrived(ground, community)
    return community


async def copy_of(ground: Ground, community: Community) -> Community:
    """The same community with databases and a log of its own."""
    accesses = {
        service: await ground.database(f"longxi_{service}", access)
        for service, access in community.accesses.items()
    }
    return Community(accesses, community.issuer, community.keys, await _log(ground))


@asynccontextmanager
async def running(
    ground: Ground, community: Community, programs: Sequence[tuple[str, str]]
) -> AsyncIterator[Mapping[str, int]]:
    """These processes, `(service, role)`, ready. Their ids by `service-role`."""
    pids: dict[str, int] = {}
    processes = ExitStack()
    try:
        for service, role in programs:
            command = [sys.executable, "-m", f"services.{service}", role]
            port = community.ports[f"{service}-{role}"]
            log = ground.folder / f"{service}-{role}-{port}.log"
            pids[f"{service}-{role}"] = processes.enter_context(
                serving(command, community.environment(service), log)
            )
        for service, role in programs:
            await answers(f"http://127.0.0.1:{community.ports[f'{service}-{role}']}/readyz")
        yield pids
    finally:
        await asyncio.to_thread(processes.close)


async def answers(url: str) -> None:
    """Wait until it does. Raises MeasuringFailed."""
    try:
        async with asyncio.timeout(_READY_SECONDS), httpx.AsyncClient(trust_env=False) as http:
            while True:
                try:
                    if (await http.get(url)).is_success:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise MeasuringFailed(f"{url} did not answer within {_READY_SECONDS} s") from None


async def staff_and_grids(ground: Ground, community: Community) -> tuple[list[UUID], list[UUID]]:
    """Ids of the workers and of the grids."""
    admin = await asyncpg.connect(ground.admin_url(community.accesses["casework"]))
    workers = [row["id"] for row in await admin.fetch("SELECT id FROM worker ORDER BY staff_number")]
    grids = [row["id"] for row in await admin.fetch("SELECT id FROM grid ORDER BY code")]
    await admin.close()
    return workers, grids


async def _log(ground: Ground) -> str:
    name = ground.new_name("log").replace("-", "_")
    admin = await asyncpg.connect(ground.postgres.url)
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    return f"{ground.postgres.url.rsplit('/', 1)[0]}/{name}"


async def _staff(community: Community) -> None:
    """A hundred workers, each of whom logs in under the own id, and a grid for each of fifty buildings."""
    async with community.connection.client("casework", Role.HEAD) as head:
        workers = [
            await head.post("/v1/workers", {"staff_number": f"{number:04}", "name": f"工作者{number}"})
            for number in range(_STAFF)
        ]
        for number in range(_BUILDINGS + 1):
            await head.post(
                "/v1/grids",
                {
                    "code": f"g{number:02}",
                    "kind": "area" if number == 0 else "building",
                    "name": f"网格{number}",
                    "owner": workers[number]["id"],
                    "places": [f"龙溪花园{number}栋"] if number else [],
                    "catch_all": number == 0,
                },
            )


async def _grids_arrived(ground: Ground, community: Community) -> None:
    admin = await asyncpg.connect(ground.admin_url(community.accesses["intake"]))
    try:
        async with asyncio.timeout(_READY_SECONDS):
            while await admin.fetchval("SELECT count(*) FROM grid_place") <= _BUILDINGS:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise MeasuringFailed("the grids did not reach intake") from None
    finally:
        await admin.close()
