"""What `keys/issuers.json` of an installation comes to: whether the services can make anything of it, before they are started."""

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import TypeAdapter, ValidationError

from shared.security.keysets import parse_keys
from shared.security.local_issuer import TRIAL_ISSUER
from shared.settings import Issuer

FILE = "keys/issuers.json"
_MOUNTED = PurePosixPath("/etc/longxi/jwks")
"""Where containers see the folder `keys/jwks`."""
_TRIAL_KEYS = PurePosixPath("/run/secrets/trial_jwks")
_ISSUERS = TypeAdapter(list[Issuer])


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, or only worth knowing."""

    said: str
    wrong: bool


def look(folder: Path) -> Iterator[Finding]:
    """What an operator should know of the issuers in a folder of secrets. Raises OSError for a file that cannot be read."""
    text = (folder / FILE).read_text(encoding="utf-8")
    try:
        json.loads(text)
        issuers = _ISSUERS.validate_json(text)
    except json.JSONDecodeError as fault:
        yield Finding(f"is no JSON: line {fault.lineno} column {fault.colno}: {fault.msg}", wrong=True)
        return
    except ValidationError as fault:
        for error in fault.errors(include_url=False, include_input=False):
            at = ".".join(str(part) for part in error["loc"])
            yield Finding(f"{at or 'the list'}: {error['msg']}", wrong=True)
        return
    if not issuers:
        yield Finding("names no issuer: nobody can call", wrong=False)
    for number, issuer in enumerate(issuers):
        if issuer.issuer == TRIAL_ISSUER:
            yield Finding(
                "trusts the trial's issuer: whoever has these secrets can sign tokens of any role",
                wrong=False,
            )
        if issuer.jwks_file is not None and (reason := _keys_fault(folder, issuer.jwks_file)):
            yield Finding(f"{number}.jwks_file {reason}", wrong=True)


def _keys_fault(folder: Path, named: Path) -> str | None:
    """Why the services will find no keys in a file, by the path at which they see it."""
    path = PurePosixPath(named)
    if path == _TRIAL_KEYS:
        kept = folder / "keys" / "trial-issuer" / "jwks.json"
    elif path.parent == _MOUNTED:
        kept = folder / "keys" / "jwks" / path.name
    else:
        return f"{path} is not seen by the services: put it into keys/jwks/ and write {_MOUNTED / path.name}"
    try:
        keys = parse_keys(kept.read_bytes())
        mode = stat.S_IMODE(kept.stat().st_mode)
    except FileNotFoundError:
        return f"{kept.relative_to(folder)} is missing"
    except (OSError, ValueError) as fault:
        return f"{kept.relative_to(folder)} cannot be read: {fault}"
    if not keys:
        return f"{kept.relative_to(folder)} holds no public key"
    if not mode & (stat.S_IRGRP | stat.S_IROTH):
        return f"{kept.relative_to(folder)} is readable by its owner alone, and the services are its group: chmod 640"
    return None


__all__ = ["FILE", "Finding", "look"]
