"""Residents' data keys in this process: unwrapped when first needed, kept for minutes, dropped on erasure.

The cache saves the hot path a round trip. It never decides whether a resident exists: every statement that reads or
files looks at the resident's row itself, so a key that another process destroyed opens nothing here.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.clock import Clock
from shared.database import DataKey, Keyring

KEPT = timedelta(minutes=5)
_CAPACITY = 20_000  # about 12 MB


@dataclass(frozen=True, slots=True)
class Holder:
    """What filing needs to know of a resident."""

    resident: UUID
    key: DataKey
    gender: str | None

    def seal(self, noun: str, id: UUID, field: str, text: str) -> bytes:
        """Encrypt a field of the resident, or of something that belongs to the resident."""
        return self.key.encrypt(text, context=f"{noun}.{field}:{id}")

    def seal_any(self, noun: str, id: UUID, field: str, text: str | None) -> bytes | None:
        return None if text is None else self.seal(noun, id, field, text)

    def open(self, noun: str, id: UUID, field: str, blob: bytes) -> str:
        """Decrypt it. Raises Undecipherable for bytes of another field, thing or resident."""
        return self.key.decrypt(blob, context=f"{noun}.{field}:{id}")

    def open_any(self, noun: str, id: UUID, field: str, blob: bytes | None) -> str | None:
        return None if blob is None else self.open(noun, id, field, blob)


class Keys:
    """The keyring and the keys that are open now."""

    def __init__(self, keyring: Keyring, clock: Clock, *, capacity: int = _CAPACITY) -> None:
        self.keyring = keyring
        self._clock = clock
        self._capacity = capacity
        self._held: OrderedDict[tuple[str, UUID], tuple[Holder, datetime]] = OrderedDict()

    def new(self, resident: UUID, gender: str | None = None) -> Holder:
        """A key for a new resident. It is not remembered before its row is committed."""
        return Holder(resident, self.keyring.new_data_key(), gender)

    def held(self, tenant: str, resident: UUID) -> Holder | None:
        entry = self._held.get((tenant, resident))
        if entry is None:
            return None
        if entry[1] <= self._clock():
            del self._held[tenant, resident]
            return None
        self._held.move_to_end((tenant, resident))
        return entry[0]

    def hold(self, tenant: str, holder: Holder) -> None:
        self._held[tenant, holder.resident] = (holder, self._clock() + KEPT)
        self._held.move_to_end((tenant, holder.resident))
        if len(self._held) > self._capacity:
            self._held.popitem(last=False)

    def unwrap(self, resident: UUID, wrapped: bytes, gender: str | None) -> Holder:
        return Holder(resident, self.keyring.unwrap(wrapped), gender)

    def drop(self, tenant: str, resident: UUID) -> None:
        self._held.pop((tenant, resident), None)
