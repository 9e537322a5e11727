"""Running a program that refuses to be root, when we are root (in a container, say).

The best way is a user namespace in which root is an ordinary user: the program reads and writes the same files and
nothing on the machine changes. Where the system forbids that, it runs as `nobody`, and the folders on the way to its
files have to let others pass.
"""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypedDict

_NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
_NOBODY = "nobody"


def command(words: Sequence[str]) -> list[str]:
    """The command to run instead of `words`."""
    return [*_NAMESPACE, *words] if _is_root() and _namespaces_work() else list(words)


class Identity(TypedDict, total=False):
    """Arguments of `subprocess` that say who runs the program."""

    user: str
    group: int
    extra_groups: list[int]


def identity() -> Identity:
    """Who runs it; empty for the present user."""
    if not _is_root() or _namespaces_work():
        return {}
    # Without root's own groups: the folders on the way give those no rights.
    return {"user": _NOBODY, "group": pwd.getpwnam(_NOBODY).pw_gid, "extra_groups": []}


def prepare(folder: Path, *needed: Path) -> None:
    """Give the folder to whoever the program will run as, and let that user reach it and what else it needs."""
    if not identity():
        return
    for path in (folder, *needed):
        for parent in [path.resolve(), *path.resolve().parents]:
            mode = parent.stat().st_mode
            if not mode & stat.S_IXOTH:
                parent.chmod(mode | stat.S_IXOTH)
    shutil.chown(folder, _NOBODY)
    for path in folder.rglob("*"):
        shutil.chown(path, _NOBODY)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


@cache
def _namespaces_work() -> bool:
    if shutil.which(_NAMESPACE[0]) is None:
        return False
    return subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0  # noqa: S603
