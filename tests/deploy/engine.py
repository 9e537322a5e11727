"""A Docker engine for the compose test: the machine's own where one runs, else one of Debian's packages in a folder.

An engine of our own has its own sockets and data, and leaves nothing: no process, no network, no rule of the firewall.
"""

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PACKAGES = ("docker.io", "docker-cli", "docker-compose", "docker-buildx")
_SUITE = "trixie"
_MIRROR = "http://deb.debian.org/debian"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_TOOLS = ("containerd", "runc", "iptables", "tini", "mmdebstrap")
_START_SECONDS = 60
_STOP_SECONDS = 30


class NoEngine(Exception):
    """There is no Docker engine, and none could be had. The message says why."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that runs; `environment` makes `docker` and `docker compose` talk to it."""

    environment: Mapping[str, str]
    own: bool

    def docker(self, *words: str, input: str | None = None, check: bool = True, seconds: float = 300) -> str:
        """What `docker …` printed. Raises RuntimeError with its last words if it failed."""
        done = subprocess.run(
            ["docker", *words],
            env={**os.environ, **self.environment},
            input=input,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        if check and done.returncode != 0:
            raise RuntimeError(
                f"docker {' '.join(words[:6])} … failed:\n{(done.stderr or done.stdout)[-3000:]}"
            )
        return done.stdout


@contextlib.contextmanager
def engine(folder: Path, *, data: Path | None = None) -> Iterator[Engine]:
    """Raises NoEngine. `folder` is for packages and data of an engine of our own; what is in it may be kept.

    With `data`, an empty folder, an engine of our own that has no image; another of ours must not run beside it.
    """
    if data is None and shutil.which("docker") and _answers({}):
        yield Engine({}, own=False)
        return
    with _own_engine(folder, data or folder / "data") as own:
        yield own


def compose_program(folder: Path) -> list[str]:
    """How to call docker compose 2, which can read files without an engine: the machine's, else Debian's in `folder`.

    Raises NoEngine.
    """
    for words in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(words[0]):
            asked = subprocess.run(
                [*words, "version", "--short"], capture_output=True, text=True, check=False
            )
            if asked.returncode == 0 and asked.stdout.lstrip("v")[:2] not in {"", "1."}:
                return words
    if shutil.which("apt-get") is None or not Path(_KEYRING).exists():
        raise NoEngine("no docker compose 2, and this is no Debian to get one from")
    return [str(_unpacked(folder) / "usr/libexec/docker/cli-plugins/docker-compose")]


def _answers(environment: Mapping[str, str]) -> bool:
    done = subprocess.run(
        ["docker", "compose", "version"], env={**os.environ, **environment}, capture_output=True, check=False
    )
    if done.returncode != 0:
        return False
    asked = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    return asked.returncode == 0


@contextlib.contextmanager
def _own_engine(folder: Path, data: Path) -> Iterator[Engine]:
    if os.geteuid() != 0:
        raise NoEngine("no Docker engine answers, and only root can start one")
    if shutil.which("apt-get") is None or platform.system() != "Linux":
        raise NoEngine("no Docker engine answers, and this is no Debian to get one from")
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise NoEngine(f"no Docker engine answers, and to start one Debian's {', '.join(missing)} is missing")
    root = _unpacked(folder)
    run = folder / "run"
    for path in (run, data):
        path.mkdir(parents=True, exist_ok=True)
    config = folder / "config"
    plugins = config / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for plugin in (root / "usr/libexec/docker/cli-plugins").iterdir():
        shutil.copy2(plugin, plugins / plugin.name)
    environment = {
        "DOCKER_HOST": f"unix://{run}/docker.sock",
        "DOCKER_CONFIG": str(config),
        "DOCKER_BUILDKIT": "1",
        "PATH": f"{root}/usr/bin:{root}/usr/sbin:{os.environ['PATH']}",
    }
    with _firewall_as_before(), _daemon(root, run, data, folder / "dockerd.log", environment):
        yield Engine(environment, own=True)


def _unpacked(folder: Path) -> Path:
    """The programs, from Debian's next release, beside those that are installed: its engine is newer, its C library not needed."""
    root = folder / "root"
    if (root / "usr/sbin/dockerd").exists():
        return root
    lists, packages = folder / "apt" / "lists", folder / "packages"
    folder.mkdir(parents=True, exist_ok=True)
    for path in (lists / "partial", packages):
        path.mkdir(parents=True, exist_ok=True)
    (folder / "apt" / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {_MIRROR} {_SUITE} main\n")
    options = [
        f"Dir::Etc::SourceList={folder}/apt/sources.list",
        "Dir::Etc::SourceParts=/dev/null",
        f"Dir::State::Lists={lists}",
        "Dir::Cache::pkgcache=",
        "Dir::Cache::srcpkgcache=",
        "APT::Sandbox::User=root",
    ]
    apt = ["apt-get", "-qq", *(word for option in options for word in ("-o", option))]
    _run([*apt, "update"], folder)
    _run([*apt, "download", *_PACKAGES], packages)
    for package in packages.glob("*.deb"):
        _run(["dpkg", "-x", str(package), str(folder / "root.new")], folder)
    (folder / "root.new").rename(root)
    return root


def _run(words: Sequence[str], folder: Path) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        raise NoEngine(f"{words[0]}: {(done.stderr or done.stdout)[-1000:]}")


@contextlib.contextmanager
def _daemon(root: Path, run: Path, data: Path, log: Path, environment: Mapping[str, str]) -> Iterator[None]:
    (run / "docker.pid").unlink(missing_ok=True)
    words = [
        str(root / "usr/sbin/dockerd"),
        f"--data-root={data}",
        f"--exec-root={run}/exec",
        f"--pidfile={run}/docker.pid",
        f"--host=unix://{run}/docker.sock",
        f"--init-path={shutil.which('tini')}",
        "--log-level=warn",
    ]
    with log.open("ab") as out:
        process = subprocess.Popen(
            words, env={**os.environ, **environment}, stdout=out, stderr=out, start_new_session=True
        )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(environment):
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoEngine(f"dockerd did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.3)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def _firewall_as_before() -> Iterator[None]:
    """dockerd leaves its bridges, its chains and the forwarding of packets behind."""
    saved = {
        tool: subprocess.run([f"{tool}-save"], capture_output=True, check=False).stdout
        for tool in ("iptables", "ip6tables")
    }
    switches = {
        switch: switch.read_text()
        for switch in (
            Path("/proc/sys/net/ipv4/ip_forward"),
            Path("/proc/sys/net/ipv6/conf/all/forwarding"),
            Path("/proc/sys/net/ipv6/conf/default/forwarding"),
        )
        if switch.exists()
    }
    before = _bridges()
    try:
        yield
    finally:
        for bridge in _bridges() - before:
            subprocess.run(["ip", "link", "delete", bridge], capture_output=True, check=False)
        for tool, rules in saved.items():
            _flush(tool)
            subprocess.run([f"{tool}-restore"], input=rules, capture_output=True, check=False)
        for switch, value in switches.items():
            with contextlib.suppress(OSError):
                switch.write_text(value)


def _flush(tool: str) -> None:
    """`…-restore` leaves tables alone that it does not name, and before Docker came there may have been none."""
    for table in ("filter", "nat", "mangle", "raw"):
        for words in (("-F",), ("-X",)):
            subprocess.run([tool, "-t", table, *words], capture_output=True, check=False)
    for chain in ("INPUT", "FORWARD", "OUTPUT"):
        subprocess.run([tool, "-P", chain, "ACCEPT"], capture_output=True, check=False)


def _bridges() -> set[str]:
    return {
        path.name
        for path in Path("/sys/class/net").iterdir()
        if path.name == "docker0" or path.name.startswith(("br-", "veth"))
    }


__all__ = ["Engine", "NoEngine", "compose_program", "engine"]
