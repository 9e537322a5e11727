"""What both logs refuse before they publish."""

from collections.abc import Iterable

from shared.messaging.log import RecordTooLarge
from shared.messaging.records import MAX_RECORD_BYTES, Record


def check_sizes(records: Iterable[Record]) -> None:
    """Raises RecordTooLarge for the first that is."""
    for position, record in enumerate(records):
        size = record.size
        if size > MAX_RECORD_BYTES:
            raise RecordTooLarge(position, size, MAX_RECORD_BYTES)
