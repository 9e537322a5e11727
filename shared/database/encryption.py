"""Personal data at rest: AES-256-GCM (NIST SP 800-38D), a data key for each person, wrapped by a master key.

Destroying a person's wrapped key makes everything that was encrypted with it unreadable for good, wherever it was
copied to, save for backups that hold the wrapped key itself.
Master keys rotate: a wrapped key names the master key that wrapped it, so old and new ones work side by side.
"""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"
_NONCE = 12  # bytes; the length GCM is made for. Random ones are safe for 2^32 texts under one key.
_KEY = 32
# Of 32 random bytes some 30 differ; fewer than 16 do in one key of 3 * 10^16.
_DIFFERENT = 16


class Undecipherable(Exception):
    """The bytes were not encrypted with this key in this context, or were changed since."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A person's key, unwrapped. `wrapped` is what may be stored."""

    wrapped: bytes
    _cipher: AESGCM

    def encrypt(self, text: str, *, context: str) -> bytes:
        """`context` says what and whose it is (`resident.phone:<id>`): bytes moved elsewhere do not decrypt."""
        return self.encrypt_bytes(text.encode(), context=context)

    def decrypt(self, blob: bytes, *, context: str) -> str:
        return self.decrypt_bytes(blob, context=context).decode()

    def encrypt_bytes(self, content: bytes, *, context: str) -> bytes:
        return _seal(self._cipher, content, context)

    def decrypt_bytes(self, blob: bytes, *, context: str) -> bytes:
        return _open(self._cipher, blob, context)


class Keyring:
    """The master keys, by name, and the key of the blind index.

    The index key does not rotate with the others, since every index would have to be computed again.
    """

    def __init__(self, master_keys: Mapping[str, bytes], current: str, index_key: bytes) -> None:
        if current not in master_keys:
            raise ValueError(f"the current master key {current!r} is not among the keys")
        if any(len(key) != _KEY for key in (*master_keys.values(), index_key)):
            raise ValueError("a key has to be 32 bytes long")
        self._ciphers = {name: AESGCM(key) for name, key in master_keys.items()}
        self._index_key = index_key
        self.current = current

    @classmethod
    def load(cls, path: Path) -> "Keyring":
        """Read the key file that `write_new` makes. Raises ValueError or OSError that says what is wrong."""
        content = json.loads(path.read_text())
        try:
            keys = {name: base64.b64decode(key) for name, key in content["keys"].items()}
            index_key, current = base64.b64decode(content["index"]), content["current"]
        except (AttributeError, KeyError, TypeError):
            raise ValueError(
                f"{path.name} is no key file: it has not `current`, `keys` and `index`"
            ) from None
        if any(len(set(key)) < _DIFFERENT for key in (*keys.values(), index_key)):
            raise ValueError(f"{path.name}: a key was not drawn at random, it has hardly any different bytes")
        return cls(keys, current, index_key)

    @staticmethod
    def write_new(path: Path, name: str = "1") -> None:
        """Make a key file that only its owner may read. An existing one is never overwritten."""
        content = {
            "current": name,
            "keys": {name: base64.b64encode(os.urandom(_KEY)).decode()},
            "index": base64.b64encode(os.urandom(_KEY)).decode(),
        }
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file)

    def new_data_key(self) -> DataKey:
        raw = os.urandom(_KEY)
        return DataKey(self._wrap(raw), AESGCM(raw))

    def unwrap(self, wrapped: bytes) -> DataKey:
        """Raises Undecipherable for a key that no known master key wrapped."""
        return DataKey(wrapped, AESGCM(self._raw(wrapped)))

    def rewrap(self, wrapped: bytes) -> bytes:
        """The same data key under the current master key."""
        return self._wrap(self._raw(wrapped))

    @staticmethod
    def wrapped_by(wrapped: bytes) -> str:
        """The name of the master key that wrapped it, whether it is known here or not."""
        return wrapped[1 : 1 + wrapped[0]].decode(errors="replace")

    def blind_index(self, value: str, *, purpose: str) -> bytes:
        """A keyed hash to look an encrypted value up by: HMAC-SHA-256, 32 bytes."""
        return hmac.digest(self._index_key, f"{purpose}\0{value}".encode(), hashlib.sha256)

    def _wrap(self, raw: bytes) -> bytes:
        name = self.current.encode()
        return bytes([len(name)]) + name + _seal(self._ciphers[self.current], raw, "data-key")

    def _raw(self, wrapped: bytes) -> bytes:
        name, blob = wrapped[1 : 1 + wrapped[0]].decode(), wrapped[1 + wrapped[0] :]
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise Undecipherable(f"wrapped by master key {name!r}, which is not in the key file")
        return _open(cipher, blob, "data-key")


def _seal(cipher: AESGCM, plain: bytes, context: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return _VERSION + nonce + cipher.encrypt(nonce, plain, context.encode())


def _open(cipher: AESGCM, blob: bytes, context: str) -> bytes:
    if blob[:1] != _VERSION:
        raise Undecipherable("unknown format")
    try:
        return cipher.decrypt(blob[1 : 1 + _NONCE], blob[1 + _NONCE :], context.encode())
    except InvalidTag:
        raise Undecipherable("wrong key or context, or changed bytes") from None
