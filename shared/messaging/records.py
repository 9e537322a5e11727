"""What an event log holds, whichever log it is."""

from datetime import datetime
from typing import NamedTuple

MAX_RECORD_BYTES = 1_000_000
"""The largest `Record.size`. Kafka's default for a batch (message.max.bytes) is 1,048,588 with its own framing."""


class TopicPartition(NamedTuple):
    """One ordered sequence of a topic."""

    topic: str
    partition: int


class Record(NamedTuple):
    """One entry of a log. To publish, give topic, key, value and headers; the log sets the rest.

    A tuple, since a frozen dataclass takes three times as long to make, and every event is one twice.
    """

    topic: str
    key: bytes | None
    """Records of one key are kept in order. Without a key a record goes to any partition."""
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int = -1
    offset: int = -1
    """The position within the partition, from 0 upwards; a log may skip numbers but never goes back."""
    timestamp: datetime | None = None
    """When the log stored it (aware, UTC), by the log's own clock."""

    @property
    def size(self) -> int:
        """Bytes of key, value and headers."""
        headers = sum(len(name.encode()) + len(value) for name, value in self.headers)
        return len(self.value) + len(self.key or b"") + headers
