"""Child processes that are kept running: started in order, watched, started again when they die, stopped in order."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from shared.local.fork_server import ForkFailed, ForkServer

_STEADY_SECONDS = 30.0
_MAX_PAUSE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Program:
    """Something to keep running. `command` and `environment` as for `subprocess`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_seconds: float = 20.0
    """How long it may take to finish what it is doing before it is killed."""

    @property
    def module(self) -> Sequence[str]:
        """The module that it runs and its arguments; empty for what is no Python module."""
        interpreter = [sys.executable, "-m"]
        return self.command[2:] if list(self.command[:2]) == interpreter else ()


class Process(Protocol):
    """As of `subprocess.Popen`."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, number: int, /) -> None: ...


@dataclass(slots=True)
class Running:
    """A program and its present process."""

    program: Program
    process: Process
    started: float
    deaths: int = 0


class Keeper:
    """Keeps programs running until it is told to stop. Their output goes to `<logs>/<name>.log`."""

    def __init__(self, logs: Path, *, say: Callable[[str], None], forks: ForkServer | None = None) -> None:
        """With `forks`, Python modules are forked from there; otherwise each is started by itself."""
        self._logs = logs
        self._say = say
        self._forks = forks
        self._running: dict[str, Running] = {}
        self._starting = threading.Lock()
        self._stopping = False

    def start(self, program: Program) -> None:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._running[program.name] = Running(program, self._spawn(program), time.monotonic())

    def pids(self) -> Mapping[str, int]:
        """The process id of each program that runs now."""
        return {name: run.process.pid for name, run in self._running.items() if run.process.poll() is None}

    def log_file(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    async def watch(self) -> None:
        """Start again whatever dies, with growing pauses for what dies at once. Runs until `stop`."""
        while not self._stopping:
            for run in self._running.values():
                if run.process.poll() is not None and self._may_restart(run):
                    code = run.process.returncode
                    self._say(f"{run.program.name} ended with code {code}; started again")
                    steady = time.monotonic() - run.started > _STEADY_SECONDS
                    run.deaths = 1 if steady else run.deaths + 1
                    # In a thread: a fork server that died loads for seconds.
                    await asyncio.to_thread(self._start_again, run)
            await asyncio.sleep(0.2)

    def stop(self) -> None:
        """Ask all to finish, last started first asked, and wait; kill what does not."""
        with self._starting:
            self._stopping = True
        runs = list(reversed(self._running.values()))
        for run in runs:
            _signal(run.process, signal.SIGTERM)
        deadline = time.monotonic() + max((run.program.stop_seconds for run in runs), default=0.0)
        for run in runs:
            try:
                run.process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                _signal(run.process, signal.SIGKILL)
                run.process.wait()
        if self._forks is not None:
            self._forks.stop()

    def _start_again(self, run: Running) -> None:
        with self._starting:
            if not self._stopping:
                run.process, run.started = self._spawn(run.program), time.monotonic()

    def _may_restart(self, run: Running) -> bool:
        pause = min(0.2 * 2.0**run.deaths, _MAX_PAUSE_SECONDS)
        return time.monotonic() - run.started > pause

    def _spawn(self, program: Program) -> Process:
        log_file = self.log_file(program.name)
        if self._forks is not None and program.module:
            with suppress(ForkFailed):
                return self._forks.spawn(program.name, program.module, program.environment, log_file)
        with log_file.open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                program.command,
                env={**os.environ, **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the keeper alone
            )


def _signal(process: Process, number: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(number)
