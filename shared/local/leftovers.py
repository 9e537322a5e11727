"""Processes of an earlier run whose supervisor was killed: found by what it wrote down, and ended."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

_PATIENCE_SECONDS = 10.0


def write_down(file: Path, pids: Mapping[str, int]) -> None:
    """Remember what runs. The start time is kept too, since the system gives numbers out again."""
    entries = {}
    for name, pid in pids.items():
        try:
            entries[name] = (pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            continue
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(entries))
    temporary.replace(file)


def end_all(file: Path) -> list[str]:
    """End those that still run and forget them. Returns their names."""
    if not file.exists():
        return []
    found = {
        name: process for name, entry in json.loads(file.read_text()).items() if (process := _same(*entry))
    }
    for process in found.values():
        process.terminate()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for process in found.values():
        try:
            process.wait(max(deadline - time.monotonic(), 0.1))
        except psutil.TimeoutExpired:
            process.kill()
    file.unlink()
    return list(found)


def _same(pid: int, created: float) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return process if abs(process.create_time() - created) < 1 else None
    except psutil.NoSuchProcess:
        return None
