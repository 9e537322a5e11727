"""Forked processes are like started ones: their own words, output, code and ids, and they are kept running."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from shared.local.fork_server import ForkServer
from shared.local.processes import Keeper, Program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks")
SAYING = "tests.local.saying"


@pytest.fixture
def forks(tmp_path: Path) -> Iterator[ForkServer]:
    server = ForkServer(str(tmp_path), tmp_path / "forking.log", loads=["shared.database.ids"])
    server.start()
    yield server
    server.stop()


def _until(done: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_each_has_its_words_environment_output_code_and_ids(forks: ForkServer, tmp_path: Path) -> None:
    made = [
        forks.spawn(
            f"p{number}", [SAYING, "exit", str(number)], {"TOLD": f"t{number}"}, tmp_path / f"{number}"
        )
        for number in range(4)
    ]
    assert [one.wait(60) for one in made] == [0, 1, 2, 3]
    said = [(tmp_path / f"{number}").read_text().split() for number in range(4)]
    assert [words[:3] for words in said] == [
        ["['exit',", f"'{number}']", f"t{number}"] for number in range(4)
    ]
    assert len({words[3] for words in said}) == 4
    assert [int(words[4]) for words in said] == [one.pid for one in made]
    # Those of one millisecond differ in what is random too, though all have the same parent.
    assert len({words[3][-12:] for words in said}) == 4


def test_a_child_outlives_the_server_and_its_end_is_still_noticed(forks: ForkServer, tmp_path: Path) -> None:
    child = forks.spawn("stays", [SAYING, "stay"], {}, tmp_path / "out")
    assert forks.pid is not None
    os.kill(forks.pid, signal.SIGKILL)
    _until(lambda: not forks.alive())
    assert child.poll() is None
    child.send_signal(signal.SIGKILL)
    assert child.wait(60) != 0


async def test_what_died_is_started_again_also_after_the_server_died(
    forks: ForkServer, tmp_path: Path
) -> None:
    said: list[str] = []
    keeper = Keeper(tmp_path, say=said.append, forks=forks)
    keeper.start(Program("stays", [sys.executable, "-m", SAYING, "stay"]))
    watching = asyncio.create_task(keeper.watch())
    try:
        for server_too in (False, True):
            before = keeper.pids()["stays"]
            if server_too:
                assert forks.pid is not None
                os.kill(forks.pid, signal.SIGKILL)
            os.kill(before, signal.SIGKILL)
            async with asyncio.timeout(60):
                while keeper.pids().get("stays", before) == before:  # noqa: ASYNC110 (nothing tells)
                    await asyncio.sleep(0.02)
        last = keeper.pids()["stays"]
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        keeper.stop()
    assert said[0] == "stays ended with code -9; started again"
    assert len(said) == 2
    assert not psutil.pid_exists(last)
    assert not forks.alive()
