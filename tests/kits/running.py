"""The kit's programs as processes, as the district runs them."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

KIT = Path(__file__).parents[2] / "kits" / "district"
_START_SECONDS = 100.0
_STOP_SECONDS = 20.0


def _environment() -> dict[str, str]:
    # The kit stands alone: nothing of the repository is on its path.
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "127.0.0.1",
    }


class Said:
    """How a program ended, and what it said."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text

    def __str__(self) -> str:
        return f"exit code {self.code}\n{self.text}"


async def tool(*words: str, within: float = 200.0) -> Said:
    """`python -m …` in the kit's folder, to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *words,
        cwd=KIT,
        env=_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(within):
            out, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        out, _ = await process.communicate()
        raise AssertionError(out.decode()) from None
    return Said(process.returncode or 0, out.decode())


class Program:
    """One that runs until it is stopped."""

    def __init__(self, words: Sequence[str], log: Path) -> None:
        self._words = words
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self._words,
                cwd=KIT,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    async def says(self, words: str) -> None:
        """Wait until it says so."""
        deadline = time.monotonic() + _START_SECONDS
        while words not in self.said:
            assert self._process is not None
            assert self._process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            await asyncio.sleep(0.1)

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    async def stop(self) -> int:
        """In order, as an operator does; gives the exit code."""
        process = self._process
        assert process is not None
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        return await asyncio.to_thread(process.wait, _STOP_SECONDS)

    def kill(self) -> None:
        """As a power failure would. Of one that has ended nothing is left to kill."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
