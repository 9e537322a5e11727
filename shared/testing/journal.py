"""What a server that stands in for the world took, written down before it answers: it survives the server's death."""

import json
import time
from pathlib import Path
from typing import NamedTuple


class Entry(NamedTuple):
    name: str
    """Of the message, as its sender names it."""
    at: float
    """Seconds since 1970."""


class Journal:
    """A line for each message. It names messages and no people."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("ab", buffering=0)

    def note(self, name: str) -> None:
        # One write of the system, unbuffered: a process that is killed afterwards has lost nothing of it.
        self._file.write(json.dumps([name, time.time()]).encode() + b"\n")


def read(file: Path) -> list[Entry]:
    """All that was noted, in order. Empty where nothing ever was."""
    if not file.exists():
        return []
    return [Entry(*json.loads(line)) for line in file.read_text().splitlines()]
