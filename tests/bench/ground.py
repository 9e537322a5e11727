"""What a measurement stands on: a durable PostgreSQL, Apache Kafka where there is one, and processes of its own."""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg

from shared.database.provision import Access, provision_database
from shared.local.postgres import PostgresServer
from shared.messaging.log import open_log
from shared.testing.kafka_broker import KafkaBroker
from shared.testing.kafka_jars import KafkaUnavailable
from tests.bench.child import Task

ROOT = Path(__file__).parents[2]
_ENOUGH = 300.0  # seconds within which any measured process ends


class MeasuringFailed(Exception):
    """A measured process ended badly; the message has its last words."""


@dataclass(slots=True)
class Child:
    """A process that reports at its end."""

    process: "asyncio.subprocess.Process"

    async def started(self) -> None:
        """Until it says so. Raises MeasuringFailed."""
        assert self.process.stdout is not None
        async with asyncio.timeout(_ENOUGH):
            if not await self.process.stdout.readline():
                await self.report()

    async def report(self) -> Mapping[str, Any]:
        """What it says when it is done. Raises MeasuringFailed."""
        try:
            async with asyncio.timeout(_ENOUGH):
                out, errors = await self.process.communicate()
        except TimeoutError:
            self.process.kill()
            raise MeasuringFailed(f"not done after {_ENOUGH:.0f} s") from None
        if self.process.returncode != 0:
            said_last = errors.decode(errors="replace")[-1500:]
            raise MeasuringFailed(f"ended with code {self.process.returncode}: {said_last}")
        said: Mapping[str, Any] = json.loads(out.splitlines()[-1])
        return said

    async def stop(self) -> Mapping[str, Any]:
        """Tell it that it is done."""
        with suppress(ProcessLookupError):
            self.process.terminate()
        return await self.report()


@dataclass
class Ground:
    """Given to every scenario. `rounds` alternate ours and bare; `quick` makes each a tenth as long."""

    folder: Path
    postgres: PostgresServer
    kafka: str | None
    rounds: int
    quick: bool
    requests: int = 1_000_000
    """At the largest of the sizes that are compared for growth."""
    minutes: float = 30.0
    """Of the long run."""
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _children: list["asyncio.subprocess.Process"] = field(default_factory=list)

    def sized(self, whole: int) -> int:
        return max(whole // 10, 1) if self.quick else whole

    @property
    def log_note(self) -> str:
        return "" if self.kafka else "on the local log, no Apache Kafka here"

    def new_name(self, word: str) -> str:
        return f"bench-{word}-{next(self._numbers)}"

    async def database(self, role: str = "longxi_parcel", template: Access | None = None) -> Access:
        """A fresh and empty one, or a copy of another that nobody is connected to."""
        name = self.new_name("db").replace("-", "_")
        return await provision_database(
            self.postgres.url,
            name,
            role=role,
            password="test",
            owner_password="test",
            template=template.url.rsplit("/", 1)[1] if template else None,
        )

    def admin_url(self, access: Access) -> str:
        """The administrator's connection to the same database."""
        return f"{self.postgres.url.rsplit('/', 1)[0]}/{access.url.rsplit('/', 1)[1]}"

    async def task(self, database: str, topic: str, **more: Any) -> Task:
        """A task on a topic, which is made."""
        task = Task(database, topic, kafka_bootstrap_servers=self.kafka, **more)
        if self.kafka is None:
            task = replace(task, local_log_url=await self._local_log())
        log = open_log(task)
        await log.start()
        await log.ensure_topics([topic])
        await log.stop()
        return task

    async def start(
        self, module: str, words: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Child:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", f"tests.bench.{module}", *words),
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**26,
        )
        self._children.append(process)
        return Child(process)

    def end_children(self) -> None:
        """Those that a scenario which failed left behind."""
        for process in self._children:
            if process.returncode is None:
                process.kill()

    async def checkpoint(self) -> None:
        """So that none pays for the pages that another one wrote."""
        admin = await asyncpg.connect(self.postgres.url)
        await admin.execute("CHECKPOINT")
        await admin.close()

    async def _local_log(self) -> str:
        url = f"{self.postgres.url.rsplit('/', 1)[0]}/bench_log"
        admin = await asyncpg.connect(self.postgres.url)
        with suppress(asyncpg.DuplicateDatabaseError):
            await admin.execute("CREATE DATABASE bench_log")
        await admin.close()
        return url


@asynccontextmanager
async def open_ground(
    *, rounds: int, quick: bool, requests: int = 1_000_000, minutes: float = 30.0
) -> AsyncIterator[Ground]:
    with tempfile.TemporaryDirectory(prefix="longxi-bench-") as folder:
        postgres = PostgresServer(Path(folder) / "postgres", durable=True)
        await asyncio.to_thread(postgres.start)
        broker = KafkaBroker(Path(folder) / "kafka")
        kafka = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
        try:
            if kafka is None:
                with suppress(KafkaUnavailable):
                    await broker.start()
                    kafka = broker.bootstrap_servers
            ground = Ground(Path(folder), postgres, kafka, rounds, quick, requests, minutes)
            try:
                yield ground
            finally:
                ground.end_children()
        finally:
            await broker.stop()
            await asyncio.to_thread(postgres.stop)


@contextmanager
def serving(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """A server process; its id. Ended at the end of the block."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, cwd=ROOT, stdout=out, stderr=out
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
