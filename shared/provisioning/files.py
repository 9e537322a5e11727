"""Secrets as files: written whole or not at all, never overwritten, readable by one group of the machine."""

import os
import secrets
from pathlib import Path

MODE = 0o640
FOLDER_MODE = 0o750
GROUP = 10001
"""Group of the containers' processes; `SECRETS_GID` in `.env` says another."""


def new_secret() -> str:
    """256 random bits as 43 characters that need no quoting in a URL, a shell or a Java properties file."""
    return secrets.token_urlsafe(32)


def write_new(path: Path, content: str | bytes, *, mode: int = MODE) -> bool:
    """Write the file if it is not there. True if it was written. Raises OSError."""
    if path.exists():
        return False
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.chmod(mode)
        try:
            os.link(unfinished, path)
        except FileExistsError:  # another run was first
            return False
    finally:
        unfinished.unlink()
    return True


def replace(path: Path, content: str) -> None:
    """The same file with other content, whole or not at all; mode and group stay. Raises OSError.

    Containers that run see the old content until they are started again: they hold the file, not its name.
    """
    before = path.stat()
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode())
            file.flush()
            os.fsync(file.fileno())
        if unfinished.stat().st_gid != before.st_gid:
            os.chown(unfinished, -1, before.st_gid)
        unfinished.chmod(before.st_mode & 0o777)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def hand_over(folder: Path, group: int) -> bool:
    """Give all files below `folder` to the group, so that processes of containers can read them.

    False where the machine does not let us: only root, or a member of the group, may.
    """
    try:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, -1, group)
            path.chmod(FOLDER_MODE if path.is_dir() else MODE)
    except PermissionError:
        return False
    return True


__all__ = ["FOLDER_MODE", "GROUP", "MODE", "hand_over", "new_secret", "replace", "write_new"]
