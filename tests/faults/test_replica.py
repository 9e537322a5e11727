"""The scripts of deploy/cluster on a real primary: a replica is made, follows, and takes its place when it is lost."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared.database import Database
from shared.database.provision import Access, provision
from shared.local import unprivileged
from shared.local.ports import free_port
from shared.local.postgres import PostgresServer, binaries

SCRIPTS = Path(__file__).parents[2] / "deploy" / "cluster"
_PASSWORD = "a-password-of-the-replica"
_WITHIN_SECONDS = 30.0
_SERVER = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300"]


class Replica:
    """What the container `postgres-replica` runs, with folders and ports of this machine."""

    def __init__(self, folder: Path, primary: PostgresServer, name: str) -> None:
        self.folder = folder
        self.data = folder / "cluster"
        self.port = free_port(None)
        self._told = {
            "POSTGRES_BIN": str(binaries()),
            "POSTGRES_DATA": str(self.data),
            "REPLICA_NAME": name,
            "REPLICA_RUN": str(folder / "run"),
            "PRIMARY_HOST": "127.0.0.1",
            "PRIMARY_PORT": str(primary.port),
            "REPLICATION_PASSWORD_FILE": str(folder / "replication-password"),
            "ADMIN_PASSWORD_FILE": str(folder / "admin-password"),
        }
        self._admin_password = (primary.folder / "password").read_text()
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """The role on the primary, as the container `postgres-replicator` makes it."""
        self.folder.mkdir(mode=0o755)
        (self.folder / "replication-password").write_text(_PASSWORD)
        (self.folder / "admin-password").write_text(self._admin_password)
        unprivileged.prepare(self.folder, binaries())
        self._run("replicator.sh").check_returncode()

    def start(self) -> None:
        options = [word for one in [f"port={self.port}", *_SERVER] for word in ("-c", one)]
        with (self.folder / "replica.log").open("ab") as log:
            self._process = subprocess.Popen(
                unprivileged.command(["bash", str(SCRIPTS / "replica.sh"), *options]),
                stdout=log,
                stderr=log,
                env=self._environment(),
                start_new_session=True,
                **unprivileged.identity(),
            )

    def start_beside(self) -> "subprocess.CompletedProcess[bytes]":
        """Once more on the same folder."""
        return self._call(["bash", str(SCRIPTS / "replica.sh"), "-c", f"port={free_port(None)}"])

    def promote(self) -> None:
        command = [str(binaries() / "pg_ctl"), "promote", "-w", "-t", "60", "-D", str(self.data)]
        self._call(command).check_returncode()

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=30)
            self._process = None

    def url(self, of: str) -> str:
        """The same database on this server."""
        credentials, _, rest = of.rpartition("@")
        return f"{credentials}@127.0.0.1:{self.port}/{rest.partition('/')[2]}"

    def said(self) -> str:
        return (self.folder / "replica.log").read_text()

    def _run(self, script: str) -> "subprocess.CompletedProcess[bytes]":
        return self._call(["bash", str(SCRIPTS / script)])

    def _call(self, command: list[str]) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            unprivileged.command(command),
            env=self._environment(),
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
            **unprivileged.identity(),
        )

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, **self._told}


@pytest.fixture
async def primary(tmp_path: Path) -> AsyncIterator[PostgresServer]:
    server = PostgresServer(tmp_path / "primary", durable=False)
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


@contextmanager
def following(folder: Path, primary: PostgresServer, name: str = "replica") -> Iterator[Replica]:
    replica = Replica(folder, primary, name)
    replica.prepare()
    replica.start()
    try:
        yield replica
    finally:
        replica.stop()


async def eventually(url: str, query: str, wanted: Callable[[Any], bool], said: Callable[[], str]) -> None:
    """Until the server answers the query as wanted."""
    answer: object = None
    try:
        async with asyncio.timeout(_WITHIN_SECONDS):
            while True:
                try:
                    connection = await asyncpg.connect(url, timeout=5)
                except (OSError, asyncpg.PostgresError, TimeoutError) as failure:
                    answer = repr(failure)
                else:
                    try:
                        if wanted(answer := await connection.fetchval(query)):
                            return
                    except asyncpg.PostgresError as failure:
                        answer = repr(failure)
                    finally:
                        await connection.close()
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"{query}: {answer}; {said()}") from None


async def _write(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _access(primary: PostgresServer) -> Access:
    return await provision(primary.url, "intake", password="work", owner_password="own")


_COUNT = "SELECT count(*) FROM parcel"


async def test_a_replica_takes_the_place_of_a_primary_that_is_lost(
    tmp_path: Path, primary: PostgresServer
) -> None:
    """Guards docs/recovery.md, "PostgreSQL's disk is lost, and there is a replica"."""
    access = await _access(primary)
    await _write(
        access.owner_url,
        "CREATE TABLE parcel (id int PRIMARY KEY)",
        "INSERT INTO parcel SELECT generate_series(1, 1000)",
    )
    with following(tmp_path / "replica", primary) as replica:
        here = replica.url(access.owner_url)
        await eventually(here, _COUNT, lambda found: found == 1000, replica.said)
        await _write(access.owner_url, "INSERT INTO parcel SELECT generate_series(1001, 1500)")
        await eventually(here, _COUNT, lambda found: found == 1500, replica.said)
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await _write(here, "INSERT INTO parcel VALUES (0)")

        assert primary.pid is not None
        os.kill(primary.pid, signal.SIGKILL)
        replica.promote()
        # A service goes on under its own role and password.
        database = Database(replica.url(access.url))
        await database.start()
        try:
            async with database.everywhere() as session:
                await (await session.connection()).exec_driver_sql("INSERT INTO parcel VALUES (1501)")
        finally:
            await database.stop()
        await eventually(here, _COUNT, lambda found: found == 1501, replica.said)


async def test_a_replica_that_was_stopped_goes_on_and_one_that_lost_its_disk_is_made_anew(
    tmp_path: Path, primary: PostgresServer
) -> None:
    access = await _access(primary)
    await _write(access.owner_url, "CREATE TABLE parcel (id int)", "INSERT INTO parcel VALUES (1)")
    with following(tmp_path / "replica", primary) as replica:
        here = replica.url(access.owner_url)
        await eventually(here, _COUNT, lambda found: found == 1, replica.said)
        replica.stop()
        await _write(access.owner_url, "INSERT INTO parcel VALUES (2)")
        replica.start()
        await eventually(here, _COUNT, lambda found: found == 2, replica.said)
    await _write(access.owner_url, "INSERT INTO parcel VALUES (3)")
    # Its slot is still there, and keeps the primary's log for nobody.
    with following(tmp_path / "another", primary) as another:
        await eventually(another.url(access.owner_url), _COUNT, lambda found: found == 3, another.said)
        slots = "SELECT string_agg(slot_name || ' ' || active, ',') FROM pg_replication_slots"
        await eventually(primary.url, slots, lambda found: found == "replica true", another.said)
        bound = "SHOW max_slot_wal_keep_size"
        await eventually(primary.url, bound, lambda found: found == "10GB", another.said)


async def test_a_copy_that_was_broken_off_is_begun_again(tmp_path: Path, primary: PostgresServer) -> None:
    access = await _access(primary)
    await _write(access.owner_url, "CREATE TABLE parcel (id int)", "INSERT INTO parcel VALUES (1)")
    half = tmp_path / "replica" / "cluster.new"
    replica = Replica(tmp_path / "replica", primary, "replica")
    replica.prepare()
    half.mkdir(mode=0o700)
    (half / "PG_VERSION").write_text("of a copy that was never finished")
    unprivileged.prepare(replica.folder, binaries())
    replica.start()
    try:
        await eventually(replica.url(access.owner_url), _COUNT, lambda found: found == 1, replica.said)
    finally:
        replica.stop()


async def test_no_two_servers_run_on_one_folder(tmp_path: Path, primary: PostgresServer) -> None:
    """As two containers would on one volume, where neither sees the other's process."""
    access = await _access(primary)
    replica = Replica(tmp_path / "replica", primary, "replica")
    replica.prepare()
    replica.start()
    try:
        await eventually(replica.url(access.owner_url), "SELECT 1", lambda found: found == 1, replica.said)
        second = await asyncio.to_thread(replica.start_beside)
        assert second.returncode == 73
        assert b"another server runs on" in second.stderr
    finally:
        replica.stop()
