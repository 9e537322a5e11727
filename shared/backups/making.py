"""Making a backup: all databases of one moment, and the keys, sealed as they are written."""

import asyncio
import io
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, cast

from shared.backups import apart, key_files, manifest
from shared.backups.cutting import Snapshot, cut
from shared.backups.failures import BackupFailed
from shared.backups.installation import Target
from shared.backups.manifest import DatabaseEntry, File, KeysEntry, Manifest
from shared.backups.places import Place
from shared.backups.programs import Programs, environment, programs_for, said
from shared.backups.sealing import Measured, Recipient, seal
from shared.clock import Clock, system_clock

KEYS_FILE = "keys.tar.age"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What goes into a backup."""

    targets: Sequence[Target]
    keys: Path | None
    """The folder of keys and secrets, of which `key_parts` are taken."""
    recipients: Sequence[Recipient]
    key_parts: Sequence[str] = (".",)
    apart: Place | None = None
    """Where the key set goes; None: beside the backups."""


async def make_backup(wanted: Wanted, place: Place, *, say: Say, clock: Clock = system_clock) -> Manifest:
    """Returns what it holds. Raises BackupFailed, OSError; what is left in the place then has no manifest."""
    started = clock()
    name = f"longxi-{started.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"
    keys = key_files.read(wanted.keys, wanted.key_parts) if wanted.keys else []
    async with cut(wanted.targets) as snapshots:
        programs = {snapshot.server: programs_for(snapshot.server) for snapshot in snapshots}
        place.make(name)
        entries: dict[str, DatabaseEntry] = {}
        key_set = None
        for snapshot in snapshots:
            entry = await _back_up(snapshot, programs[snapshot.server], wanted.recipients, place, name)
            entries[snapshot.target.service] = entry
            if snapshot.target.service in apart.TABLES:
                key_set = await apart.keep(snapshot, wanted.recipients, wanted.apart or place, started)
                say(f"{key_set.name}: {sum(key_set.rows.values())} keys and indexes, those before it removed")
            say(
                f"{snapshot.target.database}: {sum(entry.rows.values())} rows, {entry.file.bytes} bytes sealed"
            )
    sealed_keys = None
    if keys:
        file = await asyncio.to_thread(
            _seal, io.BytesIO(key_files.pack(keys)), wanted.recipients, place, name, KEYS_FILE
        )
        sealed_keys = KeysEntry(file, tuple(key.name for key in keys))
        say(f"{len(keys)} files of keys and secrets")
    made = Manifest(
        name=name,
        longxi=version("longxi"),
        started_at=_moment(started),
        finished_at=_moment(clock()),
        dumped_by=", ".join(sorted({one.version for one in programs.values()})),
        databases=entries,
        keys=sealed_keys,
        recipients=tuple(str(recipient) for recipient in wanted.recipients),
        apart=None if key_set is None else key_set.name,
    )
    with place.writing(name, manifest.FILE) as sink:
        sink.write(made.text().encode())
    return made


async def renew_key_set(
    targets: Sequence[Target], place: Place, recipients: Sequence[Recipient], *, clock: Clock = system_clock
) -> apart.KeySet:
    """A new key set without a backup: who was erased until now is gone from every backup there is. Raises BackupFailed."""
    async with cut(targets) as snapshots:
        (snapshot,) = snapshots
        return await apart.keep(snapshot, recipients, place, clock())


async def _back_up(
    snapshot: Snapshot, programs: Programs, recipients: Sequence[Recipient], place: Place, name: str
) -> DatabaseEntry:
    target = snapshot.target
    rows = apart.counted(target.service, await snapshot.rows())
    file = await asyncio.to_thread(_dump, snapshot, programs, recipients, place, name)
    return DatabaseEntry(
        file=file,
        database=target.database,
        role=target.role,
        server=snapshot.server,
        migration=await snapshot.migration(),
        seen_at=_moment(snapshot.seen_at),
        rows=rows,
        guarded=await snapshot.guarded(),
    )


def _dump(
    snapshot: Snapshot, programs: Programs, recipients: Sequence[Recipient], place: Place, name: str
) -> File:
    """What pg_dump writes, compressed by itself, sealed on its way to the place."""
    target = snapshot.target
    words = [programs.pg_dump, "--format=custom", f"--snapshot={snapshot.id}", "--no-password"]
    # A subscription would begin to follow its publisher as soon as it is restored.
    words += ["--no-subscriptions", "--lock-wait-timeout=10min", *apart.excluded(target.service)]
    with (
        tempfile.TemporaryFile() as errors,
        _Sealing(recipients, place, name, f"{target.service}.dump.age") as out,
    ):
        with subprocess.Popen(  # noqa: S603 - our own words
            words,
            env=environment(target.url(), target.database),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as dump:
            assert dump.stdout is not None
            try:
                out.seal(dump.stdout)
            except BaseException:
                dump.kill()
                raise
        if dump.returncode != 0:
            raise BackupFailed(f"pg_dump of {target.database} failed: {said(errors)}")
    return out.file


class _Sealing:
    """A file of the place that is written sealed; it is there only if the block ends without an error."""

    def __init__(self, recipients: Sequence[Recipient], place: Place, name: str, file: str) -> None:
        self._recipients = recipients
        self._file = file
        self._writing = place.writing(name, file)
        self._sink: Measured | None = None

    def __enter__(self) -> "_Sealing":
        self._sink = Measured(self._writing.__enter__())
        return self

    def __exit__(self, *what: object) -> bool | None:
        return self._writing.__exit__(*what)  # type: ignore[arg-type]

    def seal(self, source: IO[bytes]) -> None:
        assert self._sink is not None
        seal(source, self._sink, self._recipients)

    @property
    def file(self) -> File:
        assert self._sink is not None
        return File(self._file, self._sink.bytes, self._sink.sha256)


def _seal(source: io.BytesIO, recipients: Sequence[Recipient], place: Place, name: str, file: str) -> File:
    with _Sealing(recipients, place, name, file) as out:
        out.seal(cast("IO[bytes]", source))
    return out.file


def _moment(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


__all__ = ["KEYS_FILE", "Say", "Wanted", "make_backup"]
