"""A disk of its own for PostgreSQL, that can be made full: a file system in memory, where this machine lets us mount one."""

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_MOUNTED = "LONGXI_FAULTS_MAY_MOUNT"
_SIZE_MB = 4096
_WAYS = (("unshare", "--mount"), ("unshare", "--user", "--map-root-user", "--mount"))


@cache
def _way() -> Sequence[str] | None:
    """How to get a place in which we may mount: a name space that ends with us, or none."""
    for way in _WAYS:
        trial = [*way, "sh", "-c", "mount -t tmpfs -o size=1m tmpfs /tmp"]
        try:
            if subprocess.run(trial, capture_output=True, check=False).returncode == 0:
                return way
        except OSError:
            return None
    return None


def enter() -> None:
    """Begin this program anew where it may mount, if there is such a place. Nothing that is mounted outlives it."""
    if _MOUNTED not in os.environ and (way := _way()) is not None:
        environment = {**os.environ, _MOUNTED: "1"}
        command = [*way, sys.executable, "-m", "tests.faults", *sys.argv[1:]]
        os.execvpe(command[0], command, environment)  # noqa: S606 - the command is ours


def may_mount() -> bool:
    return _MOUNTED in os.environ


class Disk:
    """Mounted at a folder. A full one has room for nothing more than it holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._mount("-t", "tmpfs", "-o", f"size={_SIZE_MB}m,mode=755", "tmpfs", str(folder))

    def fill(self) -> None:
        held = os.statvfs(self._folder)
        pages = held.f_blocks - held.f_bfree
        self._mount("-o", f"remount,size={pages * held.f_bsize}", str(self._folder))

    def empty(self) -> None:
        self._mount("-o", f"remount,size={_SIZE_MB}m", str(self._folder))

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self._folder)], capture_output=True, check=False)

    def _mount(self, *words: str) -> None:
        subprocess.run(["mount", *words], check=True, capture_output=True)
