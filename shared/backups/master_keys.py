"""Changing the master key in a key file: a step at a time, so that no running process meets a key that it lacks.

Processes read the file when they start, and seal under its `current` key. So a new key is added first and every process
started again; then it is made current, and they are started again; then what is stored under the old one is wrapped anew
(`python -m services.<name> rewrap`); only then the old one may go.
"""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.database.encryption import Keyring

_KEY = 32  # bytes


def add_master_key(file: Path, name: str | None = None) -> str:
    """Add a key; the current one stays current. Returns its name. Raises ValueError, OSError."""
    content = _read(file)
    keys = content["keys"]
    new = name or _next_name(keys)
    if new in keys:
        raise ValueError(f"{file.name} has a key {new!r} already")
    if not new or len(new.encode()) > 255:
        raise ValueError("a key's name has 1 to 255 bytes")
    _write(file, {**content, "keys": {**keys, new: base64.b64encode(os.urandom(_KEY)).decode()}})
    return new


def use_master_key(file: Path, name: str | None = None) -> str:
    """Make a key current, the one that was added last if none is named. Returns its name. Raises ValueError, OSError."""
    content = _read(file)
    wanted = name or list(content["keys"])[-1]
    if wanted not in content["keys"]:
        raise ValueError(f"{file.name} has no key {wanted!r}")
    _write(file, {**content, "current": wanted})
    return wanted


def rotate_master_key(file: Path) -> str:
    """Add a key and make it current at once, for services that are stopped. Returns its name."""
    return use_master_key(file, add_master_key(file))


def remove_master_key(file: Path, name: str) -> None:
    """Take a key out for good. Raises ValueError for the current one or one that is not there, OSError."""
    content = _read(file)
    if name not in content["keys"]:
        raise ValueError(f"{file.name} has no key {name!r}")
    if name == content["current"]:
        raise ValueError(f"{name!r} is the current key of {file.name}")
    _write(file, {**content, "keys": {key: value for key, value in content["keys"].items() if key != name}})


def _read(file: Path) -> dict[str, Any]:
    Keyring.load(file)  # what is wrong with it is said before anything is changed
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def _next_name(keys: Mapping[str, str]) -> str:
    numbers = [int(name) for name in keys if name.isdecimal()]
    return str(max(numbers, default=0) + 1)


def _write(file: Path, content: Mapping[str, Any]) -> None:
    """Whole or not at all, with the mode and the owner that it had."""
    state = file.stat()
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as sink:
            json.dump(content, sink)
            sink.flush()
            os.fsync(sink.fileno())
        Keyring.load(unfinished)
        if os.geteuid() == 0:
            os.chown(unfinished, state.st_uid, state.st_gid)
        elif state.st_gid != unfinished.stat().st_gid:
            os.chown(unfinished, -1, state.st_gid)
        unfinished.chmod(state.st_mode & 0o777)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


__all__ = ["add_master_key", "remove_master_key", "rotate_master_key", "use_master_key"]
