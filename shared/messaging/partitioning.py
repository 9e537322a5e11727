"""Which partition a key belongs to: as Apache Kafka's own default partitioner decides it.

Both logs use it, so moving from one to the other moves no aggregate, and a Java producer of the district agrees.
Source: org.apache.kafka.common.utils.Utils.murmur2 (32 bits, seed 0x9747b28c) and
org.apache.kafka.clients.producer.internals.BuiltInPartitioner.partitionForKey.
"""

import random
import struct
import sys
from array import array
from collections.abc import Sequence
from functools import lru_cache

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_MASK = 0xFFFFFFFF
_ID_BYTES = 36
_WORTHWHILE = 20
"""Fewer keys are as fast one by one."""


def murmur2(data: bytes) -> int:
    """The hash as an unsigned 32-bit number; Java shows the same bits signed."""
    length = len(data)
    value = _SEED ^ length
    whole = length & ~3
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        mixed = (word * _MULTIPLIER) & _MASK
        mixed = ((mixed ^ (mixed >> 24)) * _MULTIPLIER) & _MASK
        value = ((value * _MULTIPLIER) & _MASK) ^ mixed
    if whole < length:
        value = ((value ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER) & _MASK
    value = ((value ^ (value >> 13)) * _MULTIPLIER) & _MASK
    return value ^ (value >> 15)


def murmur2_of(keys: Sequence[bytes]) -> Sequence[int]:
    """The hashes of keys of one length, which is a multiple of four, ten times as fast as one by one.

    Each key has 64 bits of one large integer, so that one multiplication is all of theirs; the upper half of the 64 takes
    what overflows, and is cleared.
    """
    words = struct.unpack(f"<{sum(map(len, keys)) // 4}I", b"".join(keys))
    of_each = len(words) // len(keys)
    lower = _in_lanes([_MASK] * len(keys))
    value = _in_lanes([_SEED ^ (of_each * 4)] * len(keys))
    for place in range(of_each):
        mixed = (_in_lanes(words[place::of_each]) * _MULTIPLIER) & lower
        mixed = ((mixed ^ ((mixed >> 24) & lower)) * _MULTIPLIER) & lower
        value = ((value * _MULTIPLIER) & lower) ^ mixed
    value = ((value ^ ((value >> 13) & lower)) * _MULTIPLIER) & lower
    value ^= (value >> 15) & lower
    return array("Q", value.to_bytes(len(keys) * 8, sys.byteorder))


def _in_lanes(numbers: Sequence[int]) -> int:
    return int.from_bytes(array("Q", numbers).tobytes(), sys.byteorder)


@lru_cache(maxsize=1024)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key in a topic of that many partitions (one or more)."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def choose_partition(key: bytes | None, partitions: int) -> int:
    """As `partition_of`; any partition for a record without a key."""
    if key is None:
        return random.randrange(partitions)  # noqa: S311  spreads load, keeps no secret
    return partition_of(key, partitions)


def choose_partitions(keys: Sequence[bytes | None], partitions: int) -> Sequence[int]:
    """As `choose_partition`, for each."""
    ids = [key for key in keys if key is not None and len(key) == _ID_BYTES]
    if len(ids) < len(keys) or len(ids) < _WORTHWHILE:
        return [choose_partition(key, partitions) for key in keys]
    return [(value & 0x7FFFFFFF) % partitions for value in murmur2_of(ids)]
