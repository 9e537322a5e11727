"""Encryption of backups in the format of age (age-encryption.org/v1), to the public keys of those who may open them.

The machine that makes backups has no secret that opens one. What it writes, the program `age` opens too, so that a
backup outlives this code. age does not say who wrote a file: whoever may write into the place can put a forged backup
there, and only the place's own rights keep that out.

pyrage ignores errors of its last write; so the writer remembers them, and they are raised here.
"""

import hashlib
import importlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Protocol

from shared.backups.failures import BackupFailed, Damaged, WrongIdentity

Recipient = Any
Identity = Any


class Sink(Protocol):
    def write(self, some: bytes, /) -> Any: ...


class Measured(io.RawIOBase):
    """Passes on what is written, counting and hashing it. `failure` is what the sink raised."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink
        self._digest = hashlib.sha256()
        self.bytes = 0
        self.failure: BaseException | None = None

    def writable(self) -> bool:
        return True

    def write(self, some: Any, /) -> int:
        data = bytes(some)
        try:
            self._sink.write(data)
        except BaseException as failure:
            self.failure = failure
            raise
        self._digest.update(data)
        self.bytes += len(data)
        return len(data)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class Watched(io.RawIOBase):
    """Gives what it reads, counting and hashing it."""

    def __init__(self, source: IO[bytes]) -> None:
        super().__init__()
        self._source = source
        self._digest = hashlib.sha256()
        self.bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        self._digest.update(data)
        self.bytes += len(data)
        return len(data)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def _age() -> Any:
    """The library, which is in the extra `operator` alone. Raises BackupFailed."""
    try:
        return importlib.import_module("pyrage")
    except ModuleNotFoundError:
        raise BackupFailed(
            "backups need the extra `operator`: pip install 'longxi[command,operator]'"
        ) from None


def recipients(given: Sequence[str], files: Sequence[Path]) -> list[Recipient]:
    """Public keys, `age1…` or of ssh, from the words and from the lines of the files. Raises BackupFailed, OSError."""
    words = [*given, *(line for file in files for line in _lines(file))]
    if not words:
        raise BackupFailed("say who may open the backup: --recipient age1… or --recipients-file FILE")
    return [_recipient(word) for word in words]


def identities(file: Path) -> list[Identity]:
    """The private keys of a file, as `age-keygen` writes it, or one of ssh. Raises BackupFailed, OSError."""
    age, content = _age(), file.read_bytes()
    if content.startswith(b"-----BEGIN"):
        try:
            return [age.ssh.Identity.from_buffer(content)]
        except Exception:
            raise BackupFailed(f"{file.name} holds no private key of ssh without a passphrase") from None
    found = []
    for line in _lines(file):
        try:
            found.append(age.x25519.Identity.from_str(line))
        except Exception:
            raise BackupFailed(f"{file.name} holds a line that is no AGE-SECRET-KEY-1…") from None
    if not found:
        raise BackupFailed(f"{file.name} holds no identity")
    return found


def new_identity() -> tuple[str, str]:
    """A private key and the public one that belongs to it, as `age-keygen` makes them."""
    identity = _age().x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def seal(source: IO[bytes], sink: Measured, to: Sequence[Recipient]) -> None:
    """Encrypt all that the source gives. Raises what the sink raised, or BackupFailed."""
    age = _age()
    try:
        age.encrypt_io(source, sink, list(to))
    except Exception as failure:
        raise sink.failure or BackupFailed(f"encrypting failed: {type(failure).__name__}") from None
    if sink.failure is not None:
        raise sink.failure


def unseal(source: IO[bytes], sink: Measured, by: Sequence[Identity]) -> None:
    """Decrypt it. Raises WrongIdentity, Damaged, or what the sink raised."""
    age = _age()
    try:
        age.decrypt_io(source, sink, list(by))
    except Exception as failure:
        if sink.failure is not None:
            raise sink.failure from None
        if isinstance(failure, age.DecryptError) and "matching keys" in str(failure).lower():
            raise WrongIdentity(
                "none of the identities opens this backup: give the one of a recipient"
            ) from None
        raise Damaged("a file was changed or cut short: it cannot be decrypted") from None
    if sink.failure is not None:
        raise sink.failure


def _recipient(word: str) -> Recipient:
    age = _age()
    kind = age.ssh.Recipient if word.startswith("ssh-") else age.x25519.Recipient
    try:
        return kind.from_str(word)
    except Exception:
        # Not quoted: it may be a private key that somebody took for the public one.
        raise BackupFailed("a recipient is neither age1… nor ssh-ed25519 … nor ssh-rsa …") from None


def _lines(file: Path) -> list[str]:
    lines = (line.strip() for line in file.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


__all__ = [
    "Identity",
    "Measured",
    "Recipient",
    "Sink",
    "Watched",
    "identities",
    "new_identity",
    "recipients",
    "seal",
    "unseal",
]
