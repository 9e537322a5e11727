"""The folder of secrets, as one sealed archive. Without the master keys in it nothing personal in a dump can be read."""

import contextlib
import io
import os
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from shared.backups.failures import BackupFailed, Damaged, NotEmpty

_MOST = 1_000
_MOST_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class KeyFile:
    """`name` is relative to the folder."""

    name: str
    content: bytes
    mode: int
    user: int
    group: int


@dataclass(frozen=True, slots=True)
class Restored:
    written: Sequence[str]
    kept: Sequence[str]
    """Were there already, the same."""
    set_aside: Mapping[str, str]
    """Were there and differed: by what name they are there now."""


def read(folder: Path, only: Sequence[str] = (".",)) -> list[KeyFile]:
    """Every file below the folder, or below these parts of it, but unfinished ones. Raises BackupFailed, OSError."""
    if not folder.is_dir():
        raise BackupFailed(f"{folder}: there is no such folder of keys")
    found = []
    for path in sorted(path for part in only for path in (folder / part, *(folder / part).rglob("*"))):
        if path.is_symlink() or not path.is_file() or path.name.startswith("."):
            continue
        state = path.stat()
        name = path.relative_to(folder).as_posix()
        found.append(KeyFile(name, path.read_bytes(), state.st_mode & 0o777, state.st_uid, state.st_gid))
    if not found:
        raise BackupFailed(f"{folder}: there is no file in it")
    return found


def pack(files: Sequence[KeyFile]) -> bytes:
    """As a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for file in files:
            entry = tarfile.TarInfo(file.name)
            entry.size, entry.mode, entry.uid, entry.gid = len(file.content), file.mode, file.user, file.group
            archive.addfile(entry, io.BytesIO(file.content))
    return buffer.getvalue()


def unpack(content: bytes) -> list[KeyFile]:
    """Raises Damaged, for names outside of the folder too: an archive may have been forged."""
    found: list[KeyFile] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for entry in archive:
                name = PurePosixPath(entry.name)
                if not entry.isfile() or name.is_absolute() or ".." in name.parts or entry.size > _MOST_BYTES:
                    raise Damaged("the archive of keys holds what no backup writes")
                source = archive.extractfile(entry)
                assert source is not None
                found.append(KeyFile(str(name), source.read(), entry.mode & 0o777, entry.uid, entry.gid))
                if len(found) > _MOST:
                    raise Damaged("the archive of keys holds what no backup writes")
    except tarfile.TarError:
        raise Damaged("the archive of keys cannot be read") from None
    return found


def selected(files: Sequence[KeyFile], patterns: Sequence[str]) -> list[KeyFile]:
    """Those whose names fit one of the patterns, as `keys/*`; all without one."""
    return [file for file in files if not patterns or any(fnmatch(file.name, one) for one in patterns)]


def differing(files: Sequence[KeyFile], folder: Path) -> list[str]:
    """Names of those that are there and are not the same."""
    return [
        file.name
        for file in files
        if (folder / file.name).exists() and (folder / file.name).read_bytes() != file.content
    ]


def restore(files: Sequence[KeyFile], folder: Path, *, replace: bool, now: datetime) -> Restored:
    """Write those that are missing. Raises NotEmpty, before anything is written, if others differ and are not to be
    replaced. What is replaced stays beside it: a master key that is gone is gone for good.
    """
    different = differing(files, folder)
    if different and not replace:
        raise NotEmpty(
            f"{folder} holds other files than the backup ({', '.join(different)}): nothing was written. See which are"
            " right, then give --replace-keys (the present ones are kept beside them), or choose with --key-files"
        )
    written, kept, aside = [], [], {}
    for file in files:
        path = folder / file.name
        if path.exists():
            if file.name not in different:
                kept.append(file.name)
                continue
            old = path.with_name(f".{path.name}.replaced-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
            path.rename(old)
            aside[file.name] = old.name
        _write(path, file)
        written.append(file.name)
    return Restored(written, kept, aside)


def _write(path: Path, file: KeyFile) -> None:
    _make_folder(path.parent, file)
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as sink:
        sink.write(file.content)
        sink.flush()
        os.fsync(sink.fileno())
    _give(unfinished, file)
    unfinished.chmod(file.mode)
    unfinished.rename(path)


def _make_folder(folder: Path, file: KeyFile) -> None:
    """For its owner, and its group if that may read the file."""
    if folder.exists():
        return
    _make_folder(folder.parent, file)
    folder.mkdir(mode=0o750 if file.mode & 0o040 else 0o700)
    _give(folder, file)


def _give(path: Path, file: KeyFile) -> None:
    """To whom it belonged. Only root can, and not the root of a container that may do nothing else: there it stays ours."""
    if os.geteuid() == 0:
        with contextlib.suppress(PermissionError):
            os.chown(path, file.user, file.group)


__all__ = ["KeyFile", "Restored", "differing", "pack", "read", "restore", "selected", "unpack"]
