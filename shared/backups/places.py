"""Where backups are kept: a folder, or a bucket that speaks S3. A backup is a name with files below it."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol

from shared.backups.failures import BackupFailed, Damaged
from shared.backups.sealing import Sink

NAME = re.compile(r"longxi-\d{4}-\d{2}-\d{2}T\d{6}Z")
_FILE = re.compile(r"[a-z0-9][a-z0-9.-]{0,99}")


class Place(Protocol):
    """Files appear whole or not at all. Nothing is ever written over."""

    @property
    def address(self) -> str: ...

    def names(self, form: re.Pattern[str] = NAME) -> list[str]:
        """Of all backups, finished or not, the oldest first; or of what else has names of this form."""

    def make(self, name: str) -> None:
        """Begin a backup. Raises BackupFailed where there is one of this name."""

    def files(self, name: str) -> list[str]: ...

    def writing(self, name: str, file: str) -> AbstractContextManager[Sink]:
        """The file is there when the block ends without an error."""

    def reading(self, name: str, file: str) -> AbstractContextManager[IO[bytes]]:
        """Raises Damaged where there is no such file."""

    def remove(self, name: str, first: str) -> None:
        """Remove a backup, this file of it before the others."""


def checked(file: str) -> str:
    """A file's name, which may come from a manifest that somebody wrote. Raises Damaged."""
    if not _FILE.fullmatch(file):
        raise Damaged("the manifest names a file that no backup has")
    return file


class Folder:
    """Only its owner may look into it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def address(self) -> str:
        return str(self._folder)

    def names(self, form: re.Pattern[str] = NAME) -> list[str]:
        if not self._folder.is_dir():
            return []
        return sorted(
            path.name for path in self._folder.iterdir() if path.is_dir() and form.fullmatch(path.name)
        )

    def make(self, name: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            (self._folder / name).mkdir(mode=0o700)
        except FileExistsError:
            raise BackupFailed(f"{self.address} has a backup {name} already; try again") from None

    def files(self, name: str) -> list[str]:
        folder = self._folder / name
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    @contextmanager
    def writing(self, name: str, file: str) -> Iterator[Sink]:
        path = self._folder / name / file
        unfinished = path.with_name(f"{file}.part")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as sink:
                yield sink
                sink.flush()
                os.fsync(sink.fileno())
            unfinished.rename(path)
        finally:
            unfinished.unlink(missing_ok=True)
        self._settle(path.parent)

    @contextmanager
    def reading(self, name: str, file: str) -> Iterator[IO[bytes]]:
        try:
            source = (self._folder / name / file).open("rb")
        except FileNotFoundError:
            raise Damaged(f"{name} has no file {file}") from None
        with source:
            yield source

    def remove(self, name: str, first: str) -> None:
        folder = self._folder / name
        (folder / first).unlink(missing_ok=True)
        self._settle(folder)
        shutil.rmtree(folder)

    @staticmethod
    def _settle(folder: Path) -> None:
        """A new name is on the disk only when its folder is."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def open_place(address: str) -> Place:
    """A folder, or `s3://bucket/prefix`. Raises BackupFailed."""
    if address.startswith("s3://"):
        # boto3 is in the extra `operator` alone, and slow to load.
        try:
            from shared.backups.s3 import open_bucket  # noqa: PLC0415
        except ModuleNotFoundError:
            raise BackupFailed(
                "s3:// needs the extra `operator`: pip install 'longxi[command,operator]'"
            ) from None
        return open_bucket(address)
    if "://" in address:
        raise BackupFailed(f"{address}: give a folder or s3://bucket/prefix")
    return Folder(Path(address))


__all__ = ["NAME", "Folder", "Place", "checked", "open_place"]
