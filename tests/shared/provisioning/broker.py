"""A broker started by `deploy/kafka/start.sh`, the very script of the containers, on 127.0.0.1."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.kafka_access import KafkaAccess
from shared.local.ports import free_port, is_free
from shared.provisioning.declared import Declared
from shared.provisioning.failures import CannotPrepare
from shared.provisioning.kafka import Copies, apply
from shared.provisioning.secrets import KAFKA_ADMIN, Hosts, init
from shared.testing.kafka_jars import KafkaUnavailable, jars, java

_SCRIPT = Path(__file__).parents[3] / "deploy" / "kafka" / "start.sh"
_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class SecuredBroker:
    inside: str
    external: str
    secrets: Path
    restart: Callable[[], None]
    """With what the folder of secrets says now, as a container does. Raises KafkaUnavailable."""

    def password(self, user: str) -> str:
        return (self.secrets / f"kafka-{user}-password").read_text().strip()

    def within(self, user: str, password: str | None = None) -> KafkaAccess:
        return KafkaAccess("sasl_plaintext", user, password or self.password(user))

    def from_outside(self, user: str, password: str | None = None) -> KafkaAccess:
        ca = self.secrets / "tls" / "ca.crt"
        return KafkaAccess("sasl_ssl", user, password or self.password(user), ca)

    @property
    def admin(self) -> KafkaAccess:
        return self.within(KAFKA_ADMIN)


class _Process:
    """The container's script, with places and ports of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets = folder / "secrets"
        self.ports = {name: free_port() for name in ("inside", "controller", "external", "broker")}
        self._java, self._libraries = Path(java()), jars()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Raises KafkaUnavailable."""
        # As docker compose names them in the container.
        given = self.folder / "given"
        given.mkdir(exist_ok=True)
        shutil.copy(self.secrets / "kafka-admin-password", given / "kafka_admin_password")
        shutil.copy(self.secrets / "tls" / "kafka.pem", given / "kafka_pem")
        ports = self.ports
        environment = {
            "PATH": f"{self._java.parent}:{os.environ['PATH']}",
            "KAFKA_LIBS": str(self._libraries),
            "KAFKA_DATA": str(self.folder / "data"),
            "KAFKA_RUN": str(self.folder / "run"),
            "KAFKA_SECRETS": str(given),
            "KAFKA_LISTEN": "127.0.0.1",
            "KAFKA_HOST": "127.0.0.1",
            "KAFKA_VOTERS": f"1@127.0.0.1:{ports['controller']}",
            "KAFKA_INSIDE_PORT": str(ports["inside"]),
            "KAFKA_CONTROLLER_PORT": str(ports["controller"]),
            "KAFKA_LISTEN_PORT": str(ports["external"]),
            "KAFKA_BROKER_PORT": str(ports["broker"]),
            "KAFKA_EXTERNAL_PORT": str(ports["external"]),
            "KAFKA_HEAP": "256m",
            # For a broker of a test, as `KafkaBroker(short_lived=True)`.
            "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1",
        }
        log = self.folder / "broker.log"
        guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [*guard, "bash", str(_SCRIPT)],
                env=environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while is_free(ports["external"]):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise KafkaUnavailable(log.read_text(errors="replace")[-3000:])
            time.sleep(0.2)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@contextlib.contextmanager
def secured_broker(folder: Path) -> Iterator[SecuredBroker]:
    """Raises KafkaUnavailable."""
    process = _Process(folder)
    init(process.secrets, Hosts(), trial=False)

    def restart() -> None:
        process.stop()
        process.start()

    try:
        process.start()
        inside, external = (process.ports[name] for name in ("inside", "external"))
        yield SecuredBroker(f"127.0.0.1:{inside}", f"localhost:{external}", process.secrets, restart)
    finally:
        process.stop()


def prepare(broker: SecuredBroker, declared: Declared, *, within: float = 0) -> list[str]:
    """`within` so many seconds: a broker that has only just begun answers later."""
    passwords = {user: broker.password(user) for user in declared.users}
    deadline = time.monotonic() + within
    while True:
        try:
            return apply(broker.inside, broker.admin, declared, Copies(), passwords, patience=5)
        except CannotPrepare:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
