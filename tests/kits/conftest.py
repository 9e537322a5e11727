"""Topics and programs of a test of the kit."""

import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from shared.database.provision import Access
from tests.kits.owner import Owner
from tests.kits.owner import owner as make_owner
from tests.kits.running import Program

_numbers = itertools.count(1)
Run = Callable[[Sequence[str]], Program]


@pytest.fixture
def topic() -> str:
    """A name that no other test uses; the topic is still to be made."""
    return f"intake.kit-{os.getpid()}-{next(_numbers)}"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Starts programs, and leaves none behind."""
    started: list[Program] = []

    def start(words: Sequence[str]) -> Program:
        program = Program(words, tmp_path / f"program-{len(started)}.log")
        started.append(program)
        program.start()
        return program

    yield start
    for program in started:
        program.kill()


@pytest.fixture
async def owner(
    kafka: str,
    service_access: Callable[[str], Awaitable[Access]],
    postgres: str,
    tmp_path: Path,
) -> AsyncIterator[Owner]:
    made = make_owner(kafka, service_access, postgres, tmp_path)
    async with made.up():
        yield made
