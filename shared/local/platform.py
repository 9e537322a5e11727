"""The whole platform on one machine: PostgreSQL, the event log, the outside world, and two processes a service.

With KAFKA_BOOTSTRAP_SERVERS or REDIS_URL in the environment those are used in place of the embedded log and the
caches in each process.
"""

import asyncio
import fcntl
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from shared.contracts.catalogue import SERVICES
from shared.database.provision import Access, provision
from shared.local import leftovers, secrets
from shared.local.environment import mail_server, service_environment, sms_gateway
from shared.local.fork_server import ForkServer
from shared.local.layout import WANTED_PORTS, Home, Stack
from shared.local.ports import free_port
from shared.local.postgres import PostgresFailed, PostgresServer, end_left_over
from shared.local.processes import Keeper, Program
from shared.security.local_issuer import LocalIssuer

_NEXT_TRY_SECONDS = 2.0
_READY_SECONDS = 300.0  # seconds suffice; a machine with other work may need minutes
TENANT = "longxi"

Say = Callable[[str], None]
Detour = Callable[[str, Mapping[str, str]], Mapping[str, str]]
"""From a service and what its processes are to be told, to what they are told instead."""


class PlatformFailed(Exception):
    """The platform could not be started. The message says what failed and where to look."""


class Platform:
    """One embedded platform in a folder. `start`, then `watch` until it is to end, then `stop`."""

    def __init__(self, home: Home, *, say: Say, detour: Detour | None = None) -> None:
        """`detour` lets the services reach what they need by another way, as through a proxy."""
        self.home = home
        self._say = say
        self._detour = detour
        home.folder.mkdir(parents=True, exist_ok=True)
        self._end_left_overs()
        self._ports = self._choose_ports()
        self._server = PostgresServer(home.postgres, port=self._ports["postgres"])
        # Elsewhere than on Linux libraries of the system do not bear a fork.
        self._forks = _fork_server(home) if sys.platform == "linux" else None
        self._keeper = Keeper(home.logs, say=say, forks=self._forks)
        self._ended = threading.Event()
        self.stack: Stack | None = None

    def start(self) -> Stack:
        """Bring everything up and wait until every process says that it is ready. Raises PlatformFailed."""
        if self._forks is not None:
            self._forks.start()  # it loads while PostgreSQL starts
        self._server.start()
        accesses = asyncio.run(self._provision())
        receipts = secrets.passwords(self.home.keys, ["receipts"])["receipts"]
        issuer = LocalIssuer(self.home.keys / "issuer")
        kafka = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
        self.stack = Stack(
            tenant=TENANT,
            urls={service: f"http://127.0.0.1:{self._ports[f'{service}-api']}" for service in SERVICES},
            workers={service: f"http://127.0.0.1:{self._ports[f'{service}-worker']}" for service in SERVICES},
            issuer_folder=str(self.home.keys / "issuer"),
            pages={"mail": f"http://127.0.0.1:{self._ports['mail-page']}"},
            kafka_bootstrap_servers=kafka,
            local_log_url=None if kafka else accesses["log"].owner_url,
            supervisor=os.getpid(),
        )
        environments = {
            service: service_environment(
                service,
                self.stack,
                accesses[service],
                issuer,
                ports=self._ports,
                master_key_file=secrets.master_keys(self.home.keys, service),
                receipts_secret=receipts,
            )
            for service in SERVICES
        }
        self._migrate(environments)
        if self._detour is not None:
            environments = {service: self._detour(service, told) for service, told in environments.items()}
        self._keeper.start(mail_server(self._ports, self.home.mails_taken))
        self._keeper.start(sms_gateway(self._ports, self.stack, receipts, self.home.texts_taken))
        for service in SERVICES:
            for role in ("worker", "api"):
                command = [sys.executable, "-m", f"services.{service}", role]
                self._keeper.start(Program(f"{service}-{role}", command, environments[service]))
        leftovers.write_down(self._pid_file, self._keeper.pids())
        self._wait_until_ready(self.stack)
        self.stack.write(self.home)
        return self.stack

    async def watch(self) -> None:
        """Keep everything running, PostgreSQL included, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keeper.watch())
            tasks.create_task(self._watch_server())
            tasks.create_task(self._remember_processes())

    def stop(self) -> None:
        """End in order: first the services, which finish what they are doing, then PostgreSQL."""
        self._ended.set()
        self._keeper.stop()
        self._server.stop()
        self._pid_file.unlink(missing_ok=True)

    def pids(self) -> Mapping[str, int]:
        """Process ids by name, for whoever measures or kills."""
        return self._keeper.pids()

    @property
    def server(self) -> PostgresServer:
        return self._server

    @property
    def ports(self) -> Mapping[str, int]:
        return self._ports

    @property
    def _pid_file(self) -> Path:
        return self.home.folder / "processes.json"

    def _end_left_overs(self) -> None:
        """What a run that was killed left behind: ended before ports are chosen, since it holds the ones we want."""
        ended = leftovers.end_all(self._pid_file)
        if end_left_over(self.home.postgres):
            ended.append("PostgreSQL")
        for name in ended:
            self._say(f"{name} was left over from a run that was killed; ended")

    def _choose_ports(self) -> Mapping[str, int]:
        """The ports of last time or the usual ones; another where one is taken, said plainly."""
        file = self.home.folder / "ports.json"
        last: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        ports: dict[str, int] = {}
        for name, usual in WANTED_PORTS.items():
            wanted = last.get(name, usual)
            ports[name] = free_port(wanted)
            if ports[name] != wanted:
                self._say(f"port {wanted} ({name}) is taken; {ports[name]} is used")
        file.write_text(json.dumps(ports))
        return ports

    async def _provision(self) -> Mapping[str, Access]:
        names = [*SERVICES, "log"]
        known = secrets.passwords(self.home.keys, [*names, *(f"{name}-owner" for name in names)])
        return {
            name: await provision(
                self._server.url, name, password=known[name], owner_password=known[f"{name}-owner"]
            )
            for name in names
        }

    def _migrate(self, environments: Mapping[str, Mapping[str, str]]) -> None:
        """Run the migrations of services whose steps are not those that ran last time here."""
        done_file = self.home.folder / "migrated.json"
        done: dict[str, str] = json.loads(done_file.read_text()) if done_file.exists() else {}
        wanted = {service: _migration_print(service) for service in SERVICES}
        due = [service for service in SERVICES if done.get(service) != wanted[service]]
        runs = {
            service: subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", f"services.{service}", "migrate"],
                env={**os.environ, **environments[service]},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for service in due
        }
        for service, run in runs.items():
            output, _ = run.communicate()
            if run.returncode != 0:
                raise PlatformFailed(f"migrating {service} failed: {output.decode(errors='replace')[-1500:]}")
        done_file.write_text(json.dumps(wanted))

    def _wait_until_ready(self, stack: Stack) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        waiting = {
            **{f"{service}-api": url for service, url in stack.urls.items()},
            **{f"{service}-worker": url for service, url in stack.workers.items()},
        }
        with httpx.Client(timeout=2.0, trust_env=False) as client:
            while waiting:
                for name, url in list(waiting.items()):
                    if _answers(client, f"{url}/readyz"):
                        del waiting[name]
                    elif name not in self._keeper.pids():
                        raise PlatformFailed(f"{name} ended at its start; see {self._keeper.log_file(name)}")
                if waiting and time.monotonic() > deadline:
                    logs = ", ".join(str(self._keeper.log_file(name)) for name in waiting)
                    raise PlatformFailed(
                        f"not ready after {_READY_SECONDS:.0f} s: {', '.join(waiting)}; see {logs}"
                    )
                time.sleep(0.05)

    async def _watch_server(self) -> None:
        while not self._ended.is_set():
            if not self._server.alive():
                self._say("PostgreSQL ended; started again")
                try:
                    await asyncio.to_thread(self._server.start)
                except PostgresFailed as failure:
                    # A full disk, or what is left of the one before: neither is mended by giving up.
                    self._say(f"{failure}; tried again")
                    await asyncio.sleep(_NEXT_TRY_SECONDS)
            await asyncio.sleep(0.2)

    async def _remember_processes(self) -> None:
        known: Mapping[str, int] = {}
        while not self._ended.is_set():
            if (pids := self._keeper.pids()) != known:
                await asyncio.to_thread(leftovers.write_down, self._pid_file, pids)
                known = pids
            await asyncio.sleep(0.5)


@contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Refuse a second platform in the same folder. Raises PlatformFailed."""
    home.folder.mkdir(parents=True, exist_ok=True)
    with (home.folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PlatformFailed(f"a platform is already running in {home.folder}") from None
        yield


def _fork_server(home: Home) -> ForkServer:
    """With what all services stand on, and no service: each loads its own code and never sees another's."""
    loads = ("shared.lean", "shared.runtime.main")
    return ForkServer(str(home.folder), home.logs / "forking.log", loads=loads)


def _migration_print(service: str) -> str:
    """A fingerprint of a service's migrations and of the shared tables they make."""
    digest = hashlib.sha256()
    for package in (f"services.{service}.migrations", "shared"):
        found = importlib.util.find_spec(package)
        if found is None or not found.submodule_search_locations:
            continue
        folder = Path(next(iter(found.submodule_search_locations)))
        pattern = "**/*.py" if package.startswith("services") else "**/migrations.py"
        for file in sorted(folder.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
