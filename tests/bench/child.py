"""What every measured process has in common: its task from the command line, and a report as its last line."""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.messaging.records import Record


@dataclass(frozen=True, slots=True)
class Task:
    """What a process works on. It also is the settings that `open_log` asks for."""

    database: str
    topic: str
    group: str = ""
    kafka_bootstrap_servers: str | None = None
    local_log_url: str | None = None
    until: int = 0
    """Records after which the process is done; 0: when it is told to stop."""
    poison: int = 0
    """One event of so many fails, and its handler names it; 0: none."""
    nameless: int = 0
    """One event of so many fails, and nobody says which; 0: none."""
    forward: str | None = None
    """Topic of the next hop."""

    def words(self) -> list[str]:
        """The command line that `task` reads."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return [f"--{name.replace('_', '-')}={value}" for name, value in given.items() if value]

    @classmethod
    def read(cls) -> "Task":
        parser = argparse.ArgumentParser()
        for name in cls.__slots__:
            kind = int if name in {"until", "poison", "nameless"} else str
            default = {"group": "", "until": 0, "poison": 0, "nameless": 0}.get(name)
            parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=default)
        return cls(**vars(parser.parse_args()))


@dataclass(slots=True)
class Report:
    """Counts records, and notes when each was done."""

    until: int
    done: asyncio.Event = field(default_factory=asyncio.Event)
    records: int = 0
    seen: dict[str, float] = field(default_factory=dict)
    """When each key was done, where there is no end to count to."""
    _began: float | None = None
    _ended: float = 0.0
    _cpu: float = 0.0

    def begin(self) -> None:
        """The clock starts; a second call changes nothing."""
        if self._began is None:
            self._began, self._cpu = time.perf_counter(), time.process_time()

    def note(self, records: Sequence[Record]) -> None:
        """These are done, and will still be after a crash."""
        now = time.time()
        self.records += len(records)
        self._ended = time.perf_counter()
        if not self.until:
            self.seen |= {(record.key or b"").decode(): now for record in records}
        elif self.records >= self.until:
            self.done.set()

    def say(self) -> None:
        began = self._ended if self._began is None else self._began
        content = {
            "records": self.records,
            "seconds": self._ended - began,
            "began": began,
            "ended": self._ended,
            "cpu": time.process_time() - self._cpu,
            "seen": self.seen,
        }
        sys.stdout.write(json.dumps(content) + "\n")


def first_records(topic: str) -> list[Record]:
    """Some for every partition: the first of a process opens the producer, and the first of a new topic may find no leader."""
    return [Record(topic, b"%d" % number, b"{}") for number in range(100)]


def event_id(record: Record) -> str:
    return next((value.decode() for name, value in record.headers if name == "ce_id"), "")


def run(work: Callable[[Task, Report], Coroutine[Any, Any, None]]) -> None:
    """Say that it has started; work until the report is done or SIGTERM comes; then say the report."""
    asyncio.run(_run(work, Task.read()))


async def _run(work: Callable[[Task, Report], Awaitable[None]], task: Task) -> None:
    report = Report(task.until)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, report.done.set)
    sys.stdout.write("started\n")
    sys.stdout.flush()
    await work(task, report)
    report.say()
