"""`longxi run`: it survives the death of each of its parts and its own, and says plainly what stands in its way.

One platform for all of these, since a start costs seconds; each test leaves it running and whole.
"""

import csv
import json
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from shared.command.importing.reading import COLUMNS
from shared.contracts.catalogue import SERVICES
from shared.local.layout import WANTED_PORTS
from tests.support.embedded import Embedded, usual_ports_held, wait_until

pytestmark = pytest.mark.timeout(300)
ROWS = 40


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """Started while somebody else has the port of intake's API."""
    embedded = Embedded(tmp_path_factory.mktemp("embedded"), usual_ports=True)
    try:
        with usual_ports_held(), socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):  # somebody else has it already, which is as good
                taken.bind(("127.0.0.1", WANTED_PORTS["intake-api"]))
                taken.listen()
            embedded.start()
        yield embedded
    finally:
        embedded.destroy()


def _import(embedded: Embedded, folder: Path, name: str) -> Mapping[str, float]:
    """The summary of an import that everyone was told of; `name` makes its rows new."""
    file = folder / f"{name}.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows(
            [f"{name}-{number}", f"U{number}", "2025-03-04 09:00:00", f"第{number}件", "请处理"]
            for number in range(ROWS)
        )
    done = embedded.command("import", "requests", str(file), "--wait", "--summary", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    summary: Mapping[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return summary


def _whole(summary: Mapping[str, float]) -> bool:
    """Every row was filed, assigned and told."""
    told = (summary["filed"] + summary["already"], summary["assigned"], summary["told"], summary["lost"])
    return told == (ROWS, ROWS, ROWS, 0)


def test_a_port_that_is_taken_is_said_and_another_is_used(embedded: Embedded) -> None:
    wanted = WANTED_PORTS["intake-api"]
    assert f"port {wanted} (intake-api) is taken" in embedded.said
    assert not embedded.stack.urls["intake"].endswith(f":{wanted}")
    assert embedded.ready()


def test_the_sample_community_is_loaded_and_its_flow_is_summed_up(embedded: Embedded) -> None:
    for line in (
        "诉求 requests: 受理 filed 40, 派遣 assigned 40",
        "受理→派遣 filed → assigned: p50",
        "/docs",
    ):
        assert line in embedded.said, embedded.said[-2000:]


def test_a_second_platform_in_the_same_folder_is_refused(embedded: Embedded) -> None:
    done = embedded.command("run")
    assert done.returncode == 1
    assert "already running" in done.stderr
    assert embedded.ready()


def test_a_file_is_imported_by_the_command(embedded: Embedded, tmp_path: Path) -> None:
    first = _import(embedded, tmp_path, "first")
    assert list(first) == ["rows", "filed", "already", "refused", "assigned", "told", "lost", "seconds"]
    assert (first["filed"], _whole(first)) == (ROWS, True)
    again = _import(embedded, tmp_path, "first")
    assert (again["already"], _whole(again)) == (ROWS, True)


def test_each_process_that_is_killed_is_started_again(embedded: Embedded, tmp_path: Path) -> None:
    before = embedded.pids()
    assert set(before) == {f"{name}-{role}" for name in SERVICES for role in ("api", "worker")} | {
        "mail",
        "sms",
    }
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    wait_until(
        lambda: not set(before.values()) & set(embedded.pids().values()) and embedded.ready(),
        90,
        embedded.output,
    )
    assert all(f"{name} ended with code -9; started again" in embedded.said for name in before)
    assert _whole(_import(embedded, tmp_path, "after-kills"))


def test_postgresql_that_is_killed_is_started_again_and_everything_goes_on(
    embedded: Embedded, tmp_path: Path
) -> None:
    before = embedded.postgres()
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: "PostgreSQL ended; started again" in embedded.said, 60, embedded.output)
    wait_until(lambda: embedded.ready() and embedded.postgres() != before, 90, embedded.output)
    assert _whole(_import(embedded, tmp_path, "after-postgres"))


def test_a_supervisor_that_was_killed_is_followed_by_one_that_cleans_up_and_goes_on(
    embedded: Embedded, tmp_path: Path
) -> None:
    assert embedded.process is not None
    old = set(embedded.pids().values()) | {embedded.postgres()}
    urls = embedded.stack.urls
    embedded.process.kill()
    embedded.process.wait()
    embedded.start()

    assert "was left over from a run that was killed; ended" in embedded.said
    assert not old & {process.pid for process in embedded.left()}, "nothing of the old run is left"
    assert embedded.stack.urls == urls, "who knew the addresses finds the platform where it was"
    again = _import(embedded, tmp_path, "first")
    assert (again["already"], _whole(again)) == (ROWS, True), "what was there is there"
    assert _whole(_import(embedded, tmp_path, "after-supervisor"))


def test_it_stops_in_order_and_leaves_no_process(embedded: Embedded) -> None:
    assert embedded.stop() == 0
    assert [process.cmdline() for process in embedded.left()] == []
    assert "Traceback" not in embedded.said
