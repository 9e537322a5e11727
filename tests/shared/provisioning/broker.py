"""A broker started by `deploy/kafka/start.sh`, the very script of the containers, on 127.0.0.1."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.kafka_access import KafkaAccess
from shared.local.ports import free_port, is_free
from shared.provisioning.secrets import KAFKA_ADMIN, Hosts, init
from shared.testing.kafka_jars import KafkaUnavailable, jars, java

_SCRIPT = Path(__file__).parents[3] / "deploy" / "kafka" / "start.sh"
_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class SecuredBroker:
    inside: str
    external: str
    secrets: Path

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


@contextlib.contextmanager
def secured_broker(folder: Path) -> Iterator[SecuredBroker]:
    """Raises KafkaUnavailable."""
    runtime = java()
    libraries = jars()
    secrets = folder / "secrets"
    init(secrets, Hosts(), trial=False)
    # As docker compose names them in the container.
    given = folder / "given"
    given.mkdir()
    shutil.copy(secrets / "kafka-admin-password", given / "kafka_admin_password")
    shutil.copy(secrets / "tls" / "kafka.pem", given / "kafka_pem")
    ports = {name: free_port() for name in ("inside", "controller", "external", "broker")}
    environment = {
        "PATH": f"{Path(runtime).parent}:{os.environ['PATH']}",
        "KAFKA_LIBS": str(libraries),
        "KAFKA_DATA": str(folder / "data"),
        "KAFKA_RUN": str(folder / "run"),
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
    }
    log = folder / "broker.log"
    guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*guard, "bash", str(_SCRIPT)], env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while is_free(ports["external"]):
            if process.poll() is not None or time.monotonic() > deadline:
                raise KafkaUnavailable(log.read_text(errors="replace")[-3000:])
            time.sleep(0.2)
        yield SecuredBroker(f"127.0.0.1:{ports['inside']}", f"localhost:{ports['external']}", secrets)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
