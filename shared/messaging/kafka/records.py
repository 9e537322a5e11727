"""Between aiokafka's records and ours."""

from datetime import UTC, datetime

from aiokafka.structs import ConsumerRecord

from shared.messaging.records import Record


def received(record: "ConsumerRecord[bytes, bytes]") -> Record:
    """A record without a value (a tombstone of a compacted topic) becomes one with an empty value."""
    headers = tuple(record.headers)
    for _, content in headers:
        if content is None:
            headers = tuple((name, content or b"") for name, content in headers)
            break
    return Record(
        record.topic,
        record.key,
        record.value or b"",
        headers,
        record.partition,
        record.offset,
        datetime.fromtimestamp(record.timestamp / 1000, UTC),
    )
