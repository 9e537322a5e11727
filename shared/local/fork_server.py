"""Asking the process of `forking` for new ones, and knowing how they are."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

_ANSWER_SECONDS = 120.0
"""Its first answer comes when it has loaded the libraries; on a machine with other work that may take a minute."""
_UNKNOWN_CODE = 1
_LOOK_SECONDS = 0.02


class ForkFailed(OSError):
    """The server is not there or does not answer."""


class ForkServer:
    """One server process, started again when it is needed and gone. Its children outlive it, and are still known."""

    def __init__(self, name: str, log: Path, *, loads: Sequence[str]) -> None:
        """`name` is seen in the list of processes; `log` gets what goes wrong; `loads`: modules, in this order."""
        self._name = name
        self._loads = loads
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._unread = b""
        self._started: list[int] = []
        self.codes: dict[int, int] = {}
        """The exit code of each child that ended."""
        self._lock = threading.RLock()

    def start(self) -> None:
        """Begin to load; nobody waits for it yet."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, self._log.open("ab") as log:
            self._unread, self._started = b"", []
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "shared.local.forking", self._name, *self._loads],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def spawn(self, name: str, words: Sequence[str], environment: Mapping[str, str], log: Path) -> "Forked":
        """Run a module. Raises ForkFailed."""
        order = {"name": name, "words": [*words], "environment": {**environment}, "log": str(log)}
        with self._lock:
            if not self.alive():
                self.start()
            self._order(json.dumps(order).encode() + b"\n")
            deadline = time.monotonic() + _ANSWER_SECONDS
            while not self._started:
                if not self._hear(deadline - time.monotonic()):
                    self.stop()  # or it might do late what is by then done otherwise
                    raise ForkFailed("the fork server ended, or does not answer")
            pid = self._started.pop(0)
            self.codes.pop(pid, None)  # of an earlier one: the system gives numbers out again
            return Forked(self, pid)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def look(self) -> None:
        """Hear which children ended. Returns at once."""
        if self._lock.acquire(blocking=False):
            try:
                while self._hear(0):
                    pass
            finally:
                self._lock.release()

    def stop(self) -> None:
        with self._lock:
            if self._process is None:
                return
            process, self._process = self._process, None
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            process.terminate()
            process.wait()

    def _order(self, line: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            os.write(self._process.stdin.fileno(), line)
        except OSError as failure:
            raise ForkFailed(str(failure)) from failure

    def _hear(self, seconds: float) -> bool:
        """Take in what it says within so long; False where that is nothing."""
        if self._process is None or self._process.stdout is None:
            return False
        pipe = self._process.stdout.fileno()
        if not select.select([pipe], [], [], max(seconds, 0))[0]:
            return False
        some = os.read(pipe, 65536)
        *lines, self._unread = (self._unread + some).split(b"\n")
        for line in lines:
            said: Mapping[str, int] = json.loads(line)
            if "started" in said:
                self._started.append(said["started"])
            else:
                self.codes[said["ended"]] = said["code"]
        return bool(some)


class Forked:
    """A child of the server, with what `subprocess.Popen` offers of it."""

    def __init__(self, server: ForkServer, pid: int) -> None:
        self._server = server
        self.pid = pid
        self.returncode: int | None = None
        try:
            self._itself: psutil.Process | None = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self._itself = None

    def poll(self) -> int | None:
        if self.returncode is None:
            alive = self._runs()
            self._server.look()
            if self.pid in self._server.codes:
                self.returncode = self._server.codes.pop(self.pid)
            elif not alive and not self._server.alive():
                self.returncode = _UNKNOWN_CODE  # whoever knew it is gone
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if timeout is not None and deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(_LOOK_SECONDS)
        return code

    def send_signal(self, number: int) -> None:
        """Not to another process that has its number by now."""
        if self.poll() is None and self._itself is not None:
            try:
                self._itself.send_signal(signal.Signals(number))
            except psutil.NoSuchProcess:
                return

    def _runs(self) -> bool:
        try:
            return (
                self._itself is not None
                and self._itself.is_running()
                and self._itself.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return False
