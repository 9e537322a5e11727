"""The test kit passes for the kit's own consumers, on a real broker, and fails for those that are wrong on purpose."""

import asyncio
import contextlib
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from testkit.listing import NoListing, Source

from shared.local.ports import free_port
from tests.kits.conftest import Run
from tests.kits.owner import TOPIC, Owner
from tests.kits.running import KIT, Said, tool
from tests.support.requirements import missing

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]  # several processes each, one of them a JVM
WRONG = Path(__file__).with_name("wrong_consumer.py")


def _access(kafka: str) -> list[str]:
    return ["--bootstrap-servers", kafka]


async def _make(kafka: str, topic: str) -> None:
    """The topic, before a consumer asks for it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 3, 1)])
    await admin.close()


async def _try(kafka: str, topic: str, applied: str, *more: str) -> Said:
    words = ["testkit", *_access(kafka), "--topic", topic, "--make-topic", "3", "--applied", applied]
    return await tool(*words, "--within", "30", *more)


def _python(kafka: str, topic: str, store: str, port: int, *more: str) -> list[str]:
    return [
        *[sys.executable, "-m", "python.consumer", *_access(kafka), "--topics", topic],
        *["--group", f"district-{topic}", "--store", store, "--listen", f"127.0.0.1:{port}", *more],
    ]


async def test_the_python_example_passes_with_sqlite_also_after_a_kill(
    kafka: str, topic: str, run: Run, tmp_path: Path
) -> None:
    await _make(kafka, topic)
    port = free_port()
    words = _python(kafka, topic, f"sqlite:///{tmp_path}/district.db", port)
    consumer = run(words)
    await consumer.says("reading")
    first = await _try(kafka, topic, f"http://127.0.0.1:{port}/applied")
    assert first.code == 0, first
    assert "FAILED" not in first.text
    consumer.kill()
    consumer = run(words)
    await consumer.says("reading")
    again = await _try(kafka, topic, f"http://127.0.0.1:{port}/applied")
    assert (again.code, "0 failed" in again.text) == (0, True), again
    source = Source(f"http://127.0.0.1:{port}/applied")
    ids = [line.id for line in (await source.get()).applied]
    await source.close()
    assert len(ids) == len(set(ids)), "nothing was applied a second time after the kill"
    assert await consumer.stop() == 0


async def test_the_python_example_passes_with_postgresql(
    kafka: str, topic: str, run: Run, local_log_url: str
) -> None:
    await _make(kafka, topic)
    port = free_port()
    consumer = run(_python(kafka, topic, local_log_url, port))
    await consumer.says("reading")
    said = await _try(kafka, topic, f"http://127.0.0.1:{port}/applied")
    assert said.code == 0, said
    assert await consumer.stop() == 0


async def test_the_java_example_passes(kafka: str, topic: str, run: Run, tmp_path: Path) -> None:
    await _make(kafka, topic)
    applied = tmp_path / "applied.jsonl"
    consumer = run(
        java(
            tmp_path,
            "district.Consumer",
            [
                *[*_access(kafka), "--topics", topic, "--group", f"district-{topic}"],
                *["--store", f"jdbc:h2:{tmp_path}/district", "--applied-file", str(applied)],
            ],
        )
    )
    await consumer.says("reading")
    said = await _try(kafka, topic, str(applied))
    assert said.code == 0, f"{said}\n{consumer.said}"
    assert "FAILED" not in said.text
    await consumer.stop()


@dataclass(frozen=True, slots=True)
class Wrong:
    """A way of being wrong, the streams that show it, and the point that fails in each of them."""

    way: str
    streams: tuple[str, ...]
    point: str


@pytest.mark.parametrize(
    "wrong",
    [
        Wrong("repeats", ("duplicates", "sent-again"), "each once"),
        Wrong(
            "passes-gaps",
            ("gap-filled-later", "gap-never-filled"),
            "nothing that has to wait, or is not known",
        ),
    ],
    ids=lambda wrong: wrong.way,
)
async def test_a_consumer_that_is_wrong_fails_where_it_is_wrong(
    kafka: str, topic: str, run: Run, tmp_path: Path, wrong: Wrong
) -> None:
    await _make(kafka, topic)
    applied = tmp_path / "applied.jsonl"
    run([sys.executable, str(WRONG), wrong.way, kafka, topic, f"district-{topic}", str(applied)])
    streams = ",".join(["in-order", *wrong.streams])
    # Waiting for what does not come: until then the others have to be through.
    said = await _try(kafka, topic, str(applied), "--streams", streams, "--within", "8")
    assert said.code == 1, said
    failed = _failed(said.text)
    assert failed.keys() == set(wrong.streams), said
    for points in failed.values():
        assert any(point.startswith(wrong.point) for point in points), said


async def test_a_consumer_that_ends_at_a_bad_record_stands_still(
    kafka: str, topic: str, run: Run, tmp_path: Path
) -> None:
    await _make(kafka, topic)
    applied = tmp_path / "applied.jsonl"
    run([sys.executable, str(WRONG), "chokes", kafka, topic, f"district-{topic}", str(applied)])
    said = await _try(
        kafka, topic, str(applied), "--streams", "in-order,unreadable,duplicates", "--within", "8"
    )
    assert said.code == 1, said
    assert "the consumer stands still at unreadable; not tried: duplicates" in said.text


async def test_what_cannot_be_tried_is_said(kafka: str, topic: str, tmp_path: Path) -> None:
    nobody = await _try(kafka, topic, "http://127.0.0.1:9/applied")
    assert (nobody.code, "NoListing" in nobody.text) == (2, True), nobody
    unknown = await _try(kafka, topic, str(tmp_path / "none"), "--streams", "sideways")
    assert (unknown.code, "there is no stream sideways" in unknown.text) == (2, True), unknown
    words = ["testkit", *_access(kafka), "--topic", topic, "--applied", "x", "--security", "sasl_ssl"]
    keyless = await tool(*words)
    assert (keyless.code, "needs --username and --password-file" in keyless.text) == (2, True), keyless


@pytest.mark.parametrize("language", ["python", "java"])
async def test_an_example_asks_for_what_is_missing_and_gets_it(
    kafka: str, owner: Owner, run: Run, tmp_path: Path, language: str
) -> None:
    request = str(await owner.life())
    asking = ["--api", owner.url, "--token-file", str(owner.token(tmp_path))]
    group = f"district-{language}-{request}"
    if language == "python":
        port = free_port()
        words = _python(kafka, TOPIC, f"sqlite:///{tmp_path}/district.db", port, *asking)
        words[words.index("--group") + 1] = group
        run(words)
        assert await _numbers(request, f"http://127.0.0.1:{port}/applied") == [1, 2, 3]
    else:
        applied = tmp_path / "applied.jsonl"
        reading = [*_access(kafka), "--topics", TOPIC, "--group", group]
        kept = ["--store", f"jdbc:h2:{tmp_path}/district", "--applied-file", str(applied)]
        run(java(tmp_path, "district.Consumer", [*reading, *kept, *asking]))
        assert await _numbers(request, str(applied)) == [1, 2, 3]


async def _numbers(request: str, where: str) -> list[int]:
    """The numbers of a request's events that were applied, in order, as soon as there are three."""
    source = Source(where)
    numbers: list[int] = []
    try:
        async with asyncio.timeout(90):
            while len(numbers) < 3:
                await asyncio.sleep(0.2)
                with contextlib.suppress(NoListing):
                    applied = (await source.get()).applied
                    numbers = [line.sequence for line in applied if line.subject == request]
    except TimeoutError:
        raise AssertionError(numbers) from None
    finally:
        await source.close()
    return numbers


def _failed(text: str) -> dict[str, list[str]]:
    """The points that failed, by stream."""
    found: dict[str, list[str]] = {}
    stream = ""
    for line in text.splitlines():
        if line and not line.startswith(" "):
            stream = line.partition(":")[0]
        elif line.startswith("  FAILED"):
            found.setdefault(stream, []).append(line.removeprefix("  FAILED").strip())
    return found


def java(folder: Path, main: str, words: Sequence[str]) -> list[str]:
    """The command of the kit's README, on a copy, so that nothing is built in the repository."""
    for part in ("javac", "mvn"):
        if shutil.which(part) is None:
            missing(part, "install a JDK (17 or newer) and Maven")
    copy = folder / "java"
    if not copy.exists():
        shutil.copytree(KIT / "java", copy, ignore=shutil.ignore_patterns("target"))
    arguments = [f"-Dexec.mainClass={main}", f"-Dexec.args={' '.join(words)}"]
    return ["mvn", "-q", "-B", "-f", str(copy / "pom.xml"), "compile", "exec:java", *arguments]
