"""Passwords and keys of an embedded platform, made once and kept in its folder with mode 0600."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from shared.database.encryption import Keyring


def passwords(folder: Path, names: list[str]) -> Mapping[str, str]:
    """A password for each name; new names are added to those that are there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "passwords.json"
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = [name for name in names if name not in known]
    if missing:
        known |= {name: secrets.token_urlsafe(24) for name in missing}
        temporary = file.with_suffix(".tmp")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(known))
        temporary.replace(file)
    return known


def master_keys(folder: Path, service: str) -> Path:
    """The file of a service's master keys."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{service}-master-keys.json"
    if not file.exists():
        Keyring.write_new(file)
    return file
