"""Fetches the JARs of Apache Kafka from Maven Central, by `deploy/kafka/pom.xml`, into a folder that is kept."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]
_POM = _REPOSITORY / "deploy" / "kafka" / "pom.xml"
_FETCH_SECONDS = 600
# The last file of the set to matter: a folder without it is a fetch that was broken off.
_COMPLETE = "complete"


class KafkaUnavailable(Exception):
    """No broker can be started here. The message says what is missing, or ends with the broker's last words."""


def kafka_home() -> Path:
    """The folder for the JARs: LONGXI_KAFKA_HOME, else `build/kafka` of the repository."""
    return Path(os.environ.get("LONGXI_KAFKA_HOME") or _REPOSITORY / "build" / "kafka")


def java() -> str:
    """The Java runtime (17 or newer): JAVA_HOME's, else the path's. Raises KafkaUnavailable."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        raise KafkaUnavailable("a Java runtime (17 or newer) is needed to run Apache Kafka")
    return found


def jars() -> Path:
    """The folder of the JARs, fetched by Maven when they are not there yet. Raises KafkaUnavailable."""
    folder = kafka_home() / "libs"
    if _is_complete(folder):
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailable(
            f"Apache Kafka's JARs are not in {folder}, and Maven (mvn) is not here to fetch them"
        )
    # The work of one fetch is its own until it is whole: several test runs may start at once.
    part = folder.with_name(f"libs.{os.getpid()}")
    command = [maven, "-B", "-q", "-f", str(_POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    try:
        subprocess.run(  # noqa: S603
            [*command, f"-DoutputDirectory={part}"],
            check=True,
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failure:
        shutil.rmtree(part, ignore_errors=True)
        output = failure.stdout if isinstance(failure.stdout, str) else ""
        raise KafkaUnavailable(
            f"Maven could not fetch Apache Kafka: {output[-2000:] or failure}"
        ) from failure
    (part / _COMPLETE).write_text(_POM.read_text())
    shutil.rmtree(folder, ignore_errors=True)
    try:
        part.rename(folder)
    except OSError:  # another run was quicker
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _is_complete(folder: Path) -> bool:
    """Whether the folder holds what the present pom lists; a newer version in it means a new fetch."""
    complete = folder / _COMPLETE
    return complete.exists() and complete.read_text() == _POM.read_text()


if __name__ == "__main__":
    sys.stdout.write(f"{jars()}\n")
