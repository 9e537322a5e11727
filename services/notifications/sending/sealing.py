"""Contacts as they lie in the cache: encrypted, since who may look into Redis, its dumps or a process's memory need not
be somebody who may know how people are reached.

Each process has a data key of its own, wrapped by a master key; the wrapped key goes before the cipher, so that every
process with the master key can read what another one put there.
"""

from dataclasses import asdict
from uuid import UUID

import orjson

from services.notifications.sending.rules import Contact
from shared.database import DataKey, Keyring, Undecipherable

_LENGTH = 2  # octets before the wrapped key
_MOST_KEYS = 100
"""Of other processes; each has one for as long as it lives."""


class Seal:
    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._own = keyring.new_data_key()
        self._known: dict[bytes, DataKey] = {self._own.wrapped: self._own}

    def close(self, contact: Contact, person: UUID) -> bytes:
        wrapped = self._own.wrapped
        text = orjson.dumps(asdict(contact)).decode()
        return len(wrapped).to_bytes(_LENGTH) + wrapped + self._own.encrypt(text, context=_context(person))

    def open(self, cached: bytes, person: UUID) -> Contact | None:
        """None for what cannot be read: another release's form, or a master key that is gone."""
        end = _LENGTH + int.from_bytes(cached[:_LENGTH])
        try:
            text = self._key(cached[_LENGTH:end]).decrypt(cached[end:], context=_context(person))
            return Contact(**orjson.loads(text))
        except (Undecipherable, IndexError, TypeError, ValueError):
            return None

    def _key(self, wrapped: bytes) -> DataKey:
        key = self._known.get(wrapped)
        if key is None:
            key = self._keyring.unwrap(wrapped)
            if len(self._known) >= _MOST_KEYS:
                self._known = {self._own.wrapped: self._own}
            self._known[wrapped] = key
        return key


def _context(person: UUID) -> str:
    return f"cached.contact:{person}"
