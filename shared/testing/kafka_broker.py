"""One Apache Kafka broker (KRaft, no replicas) on 127.0.0.1: for tests, CI and developers, never for production.

`python -m shared.testing.kafka_broker --port 9092` runs one in the foreground until Ctrl-C or SIGTERM.
"""

import argparse
import asyncio
import contextlib
import logging
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.local.ports import free_port, is_free
from shared.testing.kafka_jars import KafkaUnavailable, jars, java

_START_SECONDS = 180.0  # seconds suffice; a machine with other work may need minutes
_STOP_SECONDS = 20.0
# 16 bytes in URL-safe base64, as the storage tool wants them; the same for all, since these never meet.
_CLUSTER_ID = "bG9uZ3hpLWxvbmd4aS0wMQ"
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}{more_listeners}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}{more_advertised}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{more_protocols}
controller.listener.names=CONTROLLER
log.dirs={data}
# A topic is made by whoever owns it, with its number of partitions, never by a typing mistake.
auto.create.topics.enable=false
# One broker: nothing can have a second copy.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# The default of 50 internal partitions is 50 folders to open at each start.
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=1
# Tests form groups and let members die; the defaults (3 s, 6 s) would have them wait.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
"""
_QUICKLY_COMPILED = "-XX:TieredStopAtLevel=1"


class KafkaBroker:
    """A broker whose log lives in `folder` and survives a restart, on the same port.

    Start it on the main thread: it is told to stop when the thread that started it ends.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        heap_mb: int = 320,
        controller_port: int | None = None,
        detours: Mapping[str, tuple[int, int]] | None = None,
        short_lived: bool = False,
    ) -> None:
        """`detours`: by a name in capitals, a port that the broker listens on too, and the port it tells those who come
        there to go on with: a proxy's, that leads back to the first. `short_lived`: a broker of a test, which ends
        before code compiled with care has paid for its compiling (a third of the CPU until it answers).
        """
        self.folder = folder
        self.port = free_port(port)
        self.controller_port = free_port(controller_port)
        self._heap_mb = heap_mb
        self._detours = detours or {}
        self._short_lived = short_lived
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        return self.folder / "broker.log"

    async def start(self, within: float = _START_SECONDS) -> None:
        """Start, and wait until it answers (seconds). The first start fetches JARs. Raises KafkaUnavailable."""
        runtime = java()
        self._launch(runtime, await asyncio.to_thread(jars))
        deadline = time.monotonic() + within
        while not await self._answers():
            if not self.alive() or time.monotonic() > deadline:
                self.kill()
                raise KafkaUnavailable(f"Apache Kafka did not start:\n{self._last_words()}")
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """Stop in order, so that the next start need not check its files."""
        process = self._process
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """As a power failure would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def data(self) -> Path:
        """The broker's disk: whoever removes it while it is down has lost what was on it."""
        return self.folder / "data"

    def properties(self) -> str:
        """The content of the broker's properties file."""
        return _PROPERTIES.format(
            port=self.port,
            controller_port=self.controller_port,
            data=self.data,
            more_listeners=self._each(",{name}://127.0.0.1:{port}"),
            more_advertised=self._each(",{name}://127.0.0.1:{told}"),
            more_protocols=self._each(",{name}:PLAINTEXT"),
        )

    def _launch(self, runtime: str, libraries: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "broker.properties"
        properties.write_text(self.properties())
        rest = [f"-Xmx{self._heap_mb}m", "-Dlog4j2.level=WARN", "-cp", f"{libraries}/*"]
        if not (self.data / "meta.properties").exists():
            tool = [runtime, _QUICKLY_COMPILED, *rest, "kafka.tools.StorageTool"]
            formatted = subprocess.run(  # noqa: S603
                [*tool, "format", "-t", _CLUSTER_ID, "-c", str(properties)],
                capture_output=True,
                text=True,
                check=False,
            )
            if formatted.returncode != 0:
                raise KafkaUnavailable(
                    f"Apache Kafka's storage cannot be formatted: {formatted.stderr[-2000:]}"
                )
        # Where the system knows how, the broker does not outlive a test run that was killed.
        guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        quickly = [_QUICKLY_COMPILED] if self._short_lived else []
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [*guard, runtime, *quickly, *rest, "kafka.Kafka", str(properties)],
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the caller alone, which stops it in order
            )

    def _each(self, form: str) -> str:
        return "".join(
            form.format(name=name, port=port, told=told) for name, (port, told) in self._detours.items()
        )

    async def _answers(self) -> bool:
        if is_free(self.port):
            return False
        # The port opens before the broker may serve; a cluster with this broker in it is what clients need.
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers, request_timeout_ms=2000)
        try:
            await admin.start()
            brokers = (await admin.describe_cluster())["brokers"]
            return any(broker["port"] == self.port for broker in brokers)
        except (KafkaError, OSError):
            return False
        finally:
            await admin.close()

    def _last_words(self) -> str:
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-20:])


async def _run(port: int, folder: Path, heap_mb: int) -> None:
    broker = KafkaBroker(folder, port=port, heap_mb=heap_mb)
    if broker.port != port:
        raise KafkaUnavailable(f"port {port} is taken")
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await broker.start()
    sys.stdout.write(f"KAFKA_BOOTSTRAP_SERVERS={broker.bootstrap_servers}   (log in {broker.log_file})\n")
    sys.stdout.flush()
    while broker.alive() and not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await stopping.wait()
    await broker.stop()


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Run one Apache Kafka broker on 127.0.0.1 in the foreground."
    )
    parser.add_argument("--port", type=int, default=9092)
    parser.add_argument("--heap-mb", type=int, default=384)
    parser.add_argument(
        "--folder", type=Path, help="where the log is kept; without it, a folder that is dropped"
    )
    arguments = parser.parse_args()
    # The clients' complaints while the broker is on its way up would only frighten.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="longxi-kafka-") as temporary:
        try:
            asyncio.run(_run(arguments.port, arguments.folder or Path(temporary), arguments.heap_mb))
        except KafkaUnavailable as reason:
            raise SystemExit(str(reason)) from reason


if __name__ == "__main__":
    main()
