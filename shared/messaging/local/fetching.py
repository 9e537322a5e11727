"""Reading records by offset, and how their headers lie in one column."""

import struct
from collections.abc import Mapping

from asyncpg import Connection

from shared.messaging.records import Record, TopicPartition

# About what Kafka's consumer holds at most: a partition's share of a fetch is 1 MiB there.
BATCH_BYTES = 16 * 1024 * 1024

_LENGTHS = struct.Struct(">HI")

# How many records each partition gives is settled before any is read, from what it has; partitions come in the order
# given. The first record is given whatever its size.
_FETCH = """
WITH wanted AS (
    SELECT w.partition_id, w.place, w.position,
           p.next_offset - greatest(w.position, p.first_offset) AS available
    FROM unnest($1::int[], $2::bigint[]) WITH ORDINALITY AS w (partition_id, position, place)
    JOIN event_log.partition p ON p.id = w.partition_id
), shares AS (
    SELECT partition_id, place, position,
           least(available, $3 - coalesce(sum(available) OVER before, 0)) AS share
    FROM wanted WHERE available > 0
    WINDOW before AS (ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), found AS (
    SELECT s.place, r.*, sum(octet_length(r.value)) OVER (ORDER BY s.place, r."offset") AS bytes
    FROM shares s CROSS JOIN LATERAL (
        SELECT * FROM event_log.record r
        WHERE r.partition_id = s.partition_id AND r."offset" >= s.position
        ORDER BY r."offset" LIMIT greatest(s.share, 0)
    ) r
)
SELECT partition_id, "offset", key, value, headers, stored_at FROM found
WHERE bytes <= $4 OR bytes = octet_length(value)
ORDER BY place, "offset"
"""


async def fetch(
    connection: Connection,
    positions: Mapping[int, int],
    names: Mapping[int, TopicPartition],
    max_records: int,
) -> list[tuple[int, Record]]:
    """Partition ids and records from the given offsets on, by partition id in the order of `positions`."""
    rows = await connection.fetch(_FETCH, list(positions), list(positions.values()), max_records, BATCH_BYTES)
    return [
        (
            partition_id,
            Record(
                names[partition_id].topic,
                key,
                value,
                unpack_headers(headers),
                names[partition_id].partition,
                offset,
                stored_at,
            ),
        )
        for partition_id, offset, key, value, headers, stored_at in rows
    ]


def pack_headers(headers: tuple[tuple[str, bytes], ...]) -> bytes:
    """Each as its name's and its value's length (2 and 4 bytes), then both."""
    parts: list[bytes] = []
    for name, value in headers:
        encoded = name.encode()
        parts += (_LENGTHS.pack(len(encoded), len(value)), encoded, value)
    return b"".join(parts)


def unpack_headers(packed: bytes) -> tuple[tuple[str, bytes], ...]:
    headers = []
    place = 0
    while place < len(packed):
        name_length, value_length = _LENGTHS.unpack_from(packed, place)
        name_end = place + _LENGTHS.size + name_length
        name = packed[place + _LENGTHS.size : name_end].decode()
        place = name_end + value_length
        headers.append((name, packed[name_end:place]))
    return tuple(headers)
