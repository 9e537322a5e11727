"""What tests of backups need: an installation's databases as targets, a pair of keys, and sums over everything."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from shared.backups import keeping, sealing
from shared.backups.installation import Target
from shared.backups.making import Wanted, make_backup
from shared.backups.manifest import Manifest
from shared.backups.places import Folder, Place
from shared.backups.realigning import Realigned
from shared.backups.restoring import How, Source, restore_databases
from shared.clock import system_clock
from shared.contracts.catalogue import SERVICES
from shared.database.provision import Access

BOOKKEEPING = frozenset({"public.outbox_replay"})
"""What restoring itself writes."""
_TABLES = """
SELECT format('%I.%I', nspname, relname) AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r' AND nspname IN ('public', 'partitions') ORDER BY 1
"""


@dataclass
class Installation:
    """Databases of services, and a place for their backups."""

    admin_url: str
    make: Callable[[str], Awaitable[Access]]
    folder: Path
    accesses: dict[str, Access] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    made: int = 0

    def __post_init__(self) -> None:
        self.place: Place = Folder(self.folder / "backups")
        private, self.recipient = sealing.new_identity()
        self.identity_file = self.folder / "identity.txt"
        self.identity_file.write_text(f"# for tests\n{private}\n")
        self.identities = sealing.identities(self.identity_file)

    async def access(self, service: str) -> Access:
        """Always the same database for a service."""
        if service not in self.accesses:
            self.accesses[service] = await self.make(service)
        return self.accesses[service]

    async def targets(self, services: Sequence[str] = SERVICES) -> list[Target]:
        return [await self.target(service) for service in services]

    async def target(self, service: str) -> Target:
        access = await self.access(service)
        database = access.url.rsplit("/", 1)[1]
        return Target(service, self.admin_url, database, f"longxi_{service}", "test", "test")

    async def back_up(self, services: Sequence[str] = SERVICES, *, keys: Path | None = None) -> Manifest:
        return await self.back_up_of(await self.targets(services), keys)

    async def back_up_of(self, targets: Sequence[Target], keys: Path | None = None) -> Manifest:
        wanted = Wanted(targets, keys, sealing.recipients([self.recipient], []))
        self.made += 1  # names go by the second
        later = timedelta(seconds=self.made)
        return await make_backup(
            wanted, self.place, say=self.said.append, clock=lambda: system_clock() + later
        )

    async def restore(
        self, made: Manifest, services: Sequence[str] = SERVICES, how: How | None = None
    ) -> Realigned | None:
        """As the command does: checked, restored, the other services' databases brought into step."""
        found = await keeping.verify(self.place, made.name, self.identities)
        others = await self.targets([service for service in self.accesses if service not in services])
        source = Source(self.place, found, self.identities)
        return await restore_databases(
            source, await self.targets(services), others, how or How(), say=self.said.append
        )

    async def destroy(self, services: Sequence[str] = SERVICES) -> None:
        admin = await asyncpg.connect(self.admin_url)
        try:
            for service in services:
                await admin.execute(f'DROP DATABASE "{(await self.target(service)).database}" WITH (FORCE)')
        finally:
            await admin.close()

    async def databases(self) -> set[str]:
        admin = await asyncpg.connect(self.admin_url)
        try:
            return {row[0] for row in await admin.fetch("SELECT datname FROM pg_database")}
        finally:
            await admin.close()

    async def sums(self, service: str) -> Mapping[str, str]:
        """A hash of all rows of each table."""
        connection = await asyncpg.connect((await self.target(service)).url())
        try:
            names = [row["name"] for row in await connection.fetch(_TABLES)]
            return {
                name: await connection.fetchval(
                    f"SELECT count(*) || ' ' || md5(string_agg(row::text, '|' ORDER BY row::text)) FROM {name} AS row"  # noqa: S608
                )
                for name in names
                if name not in BOOKKEEPING
            }
        finally:
            await connection.close()


@pytest.fixture
def installation(
    postgres: str, service_access: Callable[[str], Awaitable[Access]], tmp_path: Path
) -> Installation:
    """Four databases, made when they are first asked for."""
    return Installation(postgres, service_access, tmp_path)
