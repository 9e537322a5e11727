"""Between aiokafka's records and ours."""

from datetime import UTC, datetime

from aiokafka.structs import ConsumerRecord

from shared.messaging.records import Record


def received(record: "ConsumerRecord[bytes, bytes]") -> Record:
    """A record without a value (a tombstone of a compacted topic) becomes one with an empty value."""
    return Record(
        topic=record.topic,
        key=record.key,
        value=record.value if record.value is not None else b"",
        headers=tuple((name, value if value is not None else b"") for name, value in record.headers),
        partition=record.partition,
        offset=record.offset,
        timestamp=datetime.fromtimestamp(record.timestamp / 1000, UTC),
    )
