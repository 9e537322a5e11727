"""An embedded platform as people start it: `longxi run` in a process of its own, with everything below it."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import psutil

from shared.local.layout import WANTED_PORTS, Home, Stack

COMMAND = str(Path(sys.executable).with_name("longxi"))
RUNNING = "running until Ctrl-C"
_START_SECONDS = 150.0


@contextmanager
def usual_ports_held() -> Iterator[None]:
    """Between the look at whether a port is free and its taking, nobody else may take it: one test process at a time."""
    with (Path(tempfile.gettempdir()) / "longxi-usual-ports.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def free_ports(count: int) -> Sequence[int]:
    """All different."""
    with ExitStack() as stack:
        probes = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


class Embedded:
    """`start`, then look and kill; `stop` ends whatever is left."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str] | None = None, *, usual_ports: bool = False
    ) -> None:
        """On ports of its own; on the usual ones only for whoever holds them (`usual_ports_held`)."""
        self.home = Home(folder / "home")
        if not usual_ports:
            self.home.folder.mkdir()
            # Where a platform looks for the ports of its last run.
            ports = dict(zip(WANTED_PORTS, free_ports(len(WANTED_PORTS)), strict=True))
            (self.home.folder / "ports.json").write_text(json.dumps(ports))
        self.output = folder / "output.txt"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LONGXI_")},
            "LONGXI_HOME": str(self.home.folder),
            **(environment or {}),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, until: str = RUNNING) -> None:
        """Until it says that it is running, or whatever else it shall say. What it says is in `said`."""
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [COMMAND, "run"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(lambda: until in self.said or not self.alive(), _START_SECONDS, self.output)
        assert self.alive(), self.said

    def stop(self) -> int:
        """As Ctrl-C does; gives the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def destroy(self) -> None:
        """Whatever state it is in: leave nothing running."""
        for process in self.left():
            process.kill()

    @property
    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def command(self, *words: str, within: float = 150.0) -> "subprocess.CompletedProcess[str]":
        """`longxi …` at this platform."""
        return subprocess.run(
            [COMMAND, *words],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=within,
        )

    @property
    def stack(self) -> Stack:
        return Stack.read(self.home)

    def pids(self) -> Mapping[str, int]:
        """Of the processes below the supervisor, by name; PostgreSQL is not among them."""
        entries: Mapping[str, Sequence[float]] = json.loads((self.home.folder / "processes.json").read_text())
        return {name: int(entry[0]) for name, entry in entries.items()}

    def postgres(self) -> int:
        return int((self.home.postgres / "data" / "postmaster.pid").read_text().splitlines()[0])

    def ready(self) -> bool:
        """Every process of every service says so."""
        urls = [*self.stack.urls.values(), *self.stack.workers.values()]
        return all(_ready(url) for url in urls)

    def left(self) -> list[psutil.Process]:
        """Processes that know this platform's folder, by their command or their environment."""
        return [process for process in psutil.process_iter() if _knows(process, str(self.home.folder))]


def wait_until(done: Callable[[], bool], within: float, output: Path) -> None:
    deadline = time.monotonic() + within
    while not done():
        assert time.monotonic() < deadline, output.read_text(errors="replace")[-3000:]
        time.sleep(0.1)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False


def _knows(process: psutil.Process, folder: str) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
            return False
        known = [*process.cmdline(), *(f"{value}" for value in process.environ().values())]
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    return any(folder in word for word in known)
