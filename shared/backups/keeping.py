"""Looking after backups: which there are, whether they are whole, and which are old enough to go."""

import asyncio
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO

from shared.backups import key_files, manifest
from shared.backups.failures import BackupFailed, Damaged
from shared.backups.manifest import File, Manifest
from shared.backups.places import Place, checked
from shared.backups.programs import programs_for, said
from shared.backups.sealing import Identity, Measured, Watched, unseal


@dataclass(frozen=True, slots=True)
class Listed:
    name: str
    manifest: Manifest | None
    fault: str | None
    """Why there is no manifest: unfinished, damaged."""


def list_backups(place: Place) -> list[Listed]:
    """The oldest first. Looks at the manifests only."""
    found = []
    for name in place.names():
        try:
            found.append(Listed(name, Manifest.read(place, name), None))
        except BackupFailed as fault:
            found.append(Listed(name, None, str(fault)))
    return found


def newest(place: Place) -> str:
    """Of the finished ones. Raises BackupFailed."""
    finished = [listed.name for listed in list_backups(place) if listed.manifest is not None]
    if not finished:
        raise BackupFailed(f"{place.address} holds no finished backup")
    return finished[-1]


async def verify(place: Place, name: str, identities: Sequence[Identity] = ()) -> Manifest:
    """Read all of it: every file is there and is the one that was written; with identities, each is opened too, and
    every dump read to its end by pg_restore. Raises Unfinished, Damaged, WrongIdentity, BackupFailed.
    """
    found = Manifest.read(place, name)
    there = set(place.files(name))
    missing = [file.name for file in found.files if file.name not in there]
    if missing:
        raise Damaged(f"{name} lacks {', '.join(missing)}")
    for file in found.files:
        await asyncio.to_thread(_check_sum, place, name, file)
    if identities:
        for entry in found.databases.values():
            await asyncio.to_thread(_read_dump, place, name, entry.file, entry.server, identities)
        if found.keys is not None:
            await asyncio.to_thread(open_keys, place, name, found.keys.file, identities)
    return found


def open_keys(place: Place, name: str, file: File, identities: Sequence[Identity]) -> list[key_files.KeyFile]:
    """The key files of a backup. Raises WrongIdentity, Damaged."""
    content = _Kept()
    with place.reading(name, checked(file.name)) as source:
        unseal(source, Measured(content), identities)
    return key_files.unpack(bytes(content.bytes))


def trim(place: Place, keep: timedelta, now: datetime) -> list[str]:
    """Remove backups that are older, finished or not; never the newest finished one. Returns their names."""
    listed = list_backups(place)
    finished = [one.name for one in listed if one.manifest is not None]
    last = finished[-1] if finished else None
    removed = []
    for one in listed:
        begun = datetime.strptime(one.name, "longxi-%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC)
        # Without a finished one that is newer, an unfinished or damaged one may be all that there is.
        if begun < now - keep and last is not None and one.name < last:
            place.remove(one.name, manifest.FILE)
            removed.append(one.name)
    return removed


def _check_sum(place: Place, name: str, file: File) -> None:
    with place.reading(name, checked(file.name)) as source:
        watched = Watched(source)
        while watched.read(2**20):
            pass
    if (watched.bytes, watched.sha256) != (file.bytes, file.sha256):
        raise Damaged(f"{name}: {file.name} is not the file that was written")


def _read_dump(place: Place, name: str, file: File, server: int, identities: Sequence[Identity]) -> None:
    words = [programs_for(server).pg_restore, "--format=custom", "--file=/dev/null"]
    with place.reading(name, checked(file.name)) as source:
        feed(Reader(words, f"{name}: {file.name}"), source, identities)


@dataclass(frozen=True, slots=True)
class Reader:
    """A program that reads a dump from its stdin."""

    words: Sequence[str]
    what: str
    """For whoever reads that it failed."""
    variables: Mapping[str, str] | None = None


def feed(reader: Reader, source: IO[bytes], identities: Sequence[Identity]) -> None:
    """Give the program the opened file. Raises WrongIdentity, Damaged, BackupFailed."""
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(  # noqa: S603 - our own words
            reader.words,
            env=reader.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        ) as program:
            assert program.stdin is not None
            try:
                unseal(source, Measured(program.stdin), identities)
                program.stdin.close()
            except BrokenPipeError:
                with suppress(BrokenPipeError):
                    program.stdin.close()  # it ended by itself, and says why
            except BaseException:
                program.kill()
                raise
        if program.returncode != 0:
            raise BackupFailed(f"{reader.what}: {said(errors)}")


class _Kept:
    def __init__(self) -> None:
        self.bytes = bytearray()

    def write(self, some: bytes, /) -> None:
        self.bytes += some


__all__ = ["Listed", "Reader", "feed", "list_backups", "newest", "open_keys", "trim", "verify"]
